-- Until now a character's event came after its grant, and a scan that was cancelled in between never sent it: grants
-- that no collection has are told now. Whoever has the character already takes the event without effect.
INSERT INTO scan.outbox (id, event)
SELECT id, convert_to(json_build_object(
           'specversion', '1.0', 'id', id, 'source', '/eco2/scan/reward', 'type', 'eco2.character.granted',
           'subject', job_id, 'time', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'datacontenttype', 'application/json', 'dataschema', 'urn:eco2:schema:eco2.character.granted:1',
           'userid', user_id, 'data', json_build_object('user_id', user_id, 'code', character, 'job_id', job_id)
       )::text, 'UTF8')
FROM (SELECT gen_random_uuid() AS id, g.* FROM scan.grants g) AS granted
WHERE NOT EXISTS (SELECT FROM users.user_characters c
                  WHERE (c.user_id::text, c.character_code) = (granted.user_id, granted.character));
