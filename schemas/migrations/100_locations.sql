-- Locations: places that take something back, and shops without waste.
CREATE SCHEMA IF NOT EXISTS locations;

CREATE TABLE locations.sites (
    id                bigint           PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    source            text             NOT NULL CHECK (source IN ('keco', 'zerowaste')),
    source_key        text             NOT NULL,      -- the row's own number in the file it came from
    sample            boolean          NOT NULL DEFAULT false,
    name              text             NOT NULL CHECK (name <> ''),
    road_address      text,
    lot_address       text,
    latitude          double precision NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude         double precision NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    store_category    text             NOT NULL,
    pickup_categories text[]           NOT NULL,
    phone             text,
    place_url         text,
    collection_items  text,
    introduction      text,
    hours             jsonb,                          -- Monday to Sunday, public holidays; NULL: nobody said
    words             text             NOT NULL,      -- name and addresses, folded, without spaces
    grams             text[]           NOT NULL,      -- their characters and pairs of characters
    updated_at        timestamptz      NOT NULL DEFAULT now(),
    UNIQUE (source, source_key)
);
CREATE INDEX sites_grams ON locations.sites USING gin (grams);

-- A place once for each combination of categories that finds it, each combination on a plane of its own (docs/adr/0035).
CREATE TABLE locations.places (
    site_id bigint NOT NULL REFERENCES locations.sites ON DELETE CASCADE,
    at      point  NOT NULL                           -- metres on Mercator's plane, x moved by the plane's number
);
CREATE INDEX places_site ON locations.places (site_id);
CREATE INDEX places_at ON locations.places USING gist (at) INCLUDE (site_id);
