#!/bin/bash
# Run as a container of its own beside SQL Server: SaferApp's table as it is delivered, and the user that reads it.
set -euo pipefail
sql() { /opt/mssql-tools18/bin/sqlcmd -C -b -S sqlserver -U sa -P "$(cat /run/secrets/sqlserver_password)" "$@"; }
sql -Q "IF DB_ID(N'safer') IS NULL CREATE DATABASE safer"
sql -d safer <<- END
	IF OBJECT_ID(N'dbo.TestResults') IS NULL
	CREATE TABLE dbo.TestResults (
	  Id bigint IDENTITY PRIMARY KEY,
	  CompanyCode nvarchar(64) NOT NULL,
	  PersonCode nvarchar(64) NOT NULL,
	  TestCode nvarchar(32) NOT NULL,
	  DeviceSerial nvarchar(64),
	  StartedAtUtc datetime2(3) NOT NULL,
	  FinishedAtUtc datetime2(3) NOT NULL,
	  Supervised bit NOT NULL,
	  Practice bit NOT NULL,
	  FalseStarts int NOT NULL,
	  TrialsMs nvarchar(max) NOT NULL,
	  Flags nvarchar(200),
	  Kss smallint,
	  Sleep24h decimal(4, 1),
	  Sleep48h decimal(4, 1),
	  AwakeHours decimal(4, 1)
	);
	IF SUSER_ID(N'safer_reader') IS NULL CREATE LOGIN safer_reader WITH PASSWORD = N'$(cat /run/secrets/safer_reader_password)';
	IF USER_ID(N'safer_reader') IS NULL CREATE USER safer_reader FOR LOGIN safer_reader;
	GRANT SELECT ON dbo.TestResults TO safer_reader;
	GO
END
