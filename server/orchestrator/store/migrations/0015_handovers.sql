-- Changes of an outline that another program has open: that one makes them where the person sees them, and answers.

CREATE TABLE handovers (
  handover_id TEXT NOT NULL PRIMARY KEY,
  uri         TEXT NOT NULL,
  change      TEXT NOT NULL,
  created     REAL NOT NULL,
  answer      TEXT
) STRICT;

CREATE INDEX handovers_waiting ON handovers (uri, created) WHERE answer IS NULL;
