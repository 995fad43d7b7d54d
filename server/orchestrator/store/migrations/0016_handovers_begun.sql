-- A change that is being made cannot be taken back any more: whoever handed it over waits for the answer.

ALTER TABLE handovers ADD COLUMN begun INTEGER NOT NULL DEFAULT 0 CHECK (begun IN (0, 1));

DROP INDEX handovers_waiting;

CREATE INDEX handovers_waiting ON handovers (uri, created) WHERE begun = 0;
