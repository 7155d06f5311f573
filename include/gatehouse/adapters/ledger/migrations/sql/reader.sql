-- What the reader's role may do: read all. Applied at each upgrade.

REVOKE ALL ON ALL TABLES IN SCHEMA gatehouse FROM {role};
REVOKE ALL ON SCHEMA gatehouse FROM {role};
GRANT USAGE ON SCHEMA gatehouse TO {role};
GRANT SELECT ON ALL TABLES IN SCHEMA gatehouse TO {role};
