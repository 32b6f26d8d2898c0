-- Where the user lives, as the request named it: selects what cities and districts do differently.
ALTER TABLE scan.jobs ADD COLUMN region text;
