-- What has expired is looked for and deleted in batches.
CREATE INDEX claims_by_expiry ON claims (expires_at);
