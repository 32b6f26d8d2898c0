-- What a provider tells of a person, so that an account is whole before the event of its registration has come.
ALTER TABLE auth.identities
    ADD COLUMN username          text,
    ADD COLUMN email             text,
    ADD COLUMN profile_image_url text;
