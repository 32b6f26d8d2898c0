-- Where in its trace a job began (W3C traceparent): its stream and what is emitted again go on there.
ALTER TABLE scan.jobs ADD COLUMN traceparent text;
