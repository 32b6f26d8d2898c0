-- What is removed by age is found by age.
CREATE INDEX jobs_ended ON scan.jobs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX login_audits_age ON auth.login_audits (at);
CREATE INDEX quarantine_age ON ops.quarantine (last_seen_at) WHERE state <> 'held';
CREATE INDEX uploads_published ON images.uploads (published_at) WHERE channel <> 'my';
CREATE INDEX phone_refusals_age ON users.phone_refusals (began_at);
