SELECT 'CREATE ROLE "mycelium_user" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mycelium_user') \gexec
SELECT 'CREATE DATABASE "mycelium_matrix" OWNER "mycelium_user" ENCODING ''UTF8'' TEMPLATE template0' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'mycelium_matrix') \gexec
REVOKE ALL ON DATABASE "mycelium_matrix" FROM PUBLIC;
SELECT 'CREATE ROLE "synapse" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'synapse') \gexec
SELECT 'CREATE DATABASE "synapse" OWNER "synapse" ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C'' TEMPLATE template0' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'synapse') \gexec
REVOKE ALL ON DATABASE "synapse" FROM PUBLIC;
