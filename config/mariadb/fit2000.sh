#!/bin/bash
# Run once by the image of MariaDB and by scripts/servers, on a new server: Fit2000's table as delivered, and its reader.
set -euo pipefail
secret() { cat "${SECRETS_DIR:-/run/secrets}/$1_password"; }
mariadb ${MARIADB_SOCKET:+--socket="$MARIADB_SOCKET"} --user=root --password="$(secret mariadb)" <<- END
	CREATE DATABASE fit2000 CHARACTER SET utf8mb4;
	CREATE TABLE fit2000.fit_tests (
	  id BIGINT AUTO_INCREMENT PRIMARY KEY,
	  company_code VARCHAR(64) NOT NULL,
	  subject_code VARCHAR(64) NOT NULL,
	  device_serial VARCHAR(64),
	  tested_at DATETIME(3) NOT NULL,
	  pupil_diameter_mm DECIMAL(6, 3),
	  constriction_amplitude_mm DECIMAL(6, 3),
	  constriction_latency_ms DECIMAL(7, 2),
	  saccadic_velocity_mm_s DECIMAL(7, 2),
	  risk VARCHAR(8) NOT NULL,
	  quality SMALLINT
	);
	CREATE USER fit2000_reader IDENTIFIED BY '$(secret fit2000_reader)';
	GRANT SELECT ON fit2000.* TO fit2000_reader;
END
