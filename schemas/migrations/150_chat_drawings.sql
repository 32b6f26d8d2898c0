-- A picture is drawn once a turn, however often the turn is begun: NULL: not begun, empty: begun, else its address.
ALTER TABLE chat.turns ADD COLUMN drawing text;
