#!/bin/bash
# Run once by the image of PostgreSQL and by scripts/servers, on a new server: the three users of docs/runbook.md.
set -euo pipefail
secret() { cat "${SECRETS_DIR:-/run/secrets}/$1_password"; }
psql -v ON_ERROR_STOP=1 -v owner="$(secret owner)" -v app="$(secret app)" -v system="$(secret system)" -U postgres <<- 'END'
	create role owner login password :'owner';
	create role app login password :'app';
	create role system login password :'system';
	create database angelis owner owner;
	\c angelis
	create extension btree_gist;
	revoke create on schema public from public;
	grant usage on schema public to app, system;
	grant create on schema public to owner;
	grant create, temporary on database angelis to owner;
	grant connect on database angelis to app, system;
END
