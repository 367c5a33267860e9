CREATE TABLE directory.entity (
  name text PRIMARY KEY CHECK (name <> ''),
  title text NOT NULL DEFAULT ''
);

CREATE TABLE directory.key (
  public_key text PRIMARY KEY,
  entity text NOT NULL REFERENCES directory.entity (name),
  revoked boolean NOT NULL DEFAULT false
);

CREATE TABLE directory.role (
  entity text REFERENCES directory.entity (name),
  role text CHECK (role IN ('admin', 'writer', 'reader')),
  PRIMARY KEY (entity, role)
);

CREATE TABLE directory.producer (
  entity text PRIMARY KEY REFERENCES directory.entity (name)
);

CREATE TABLE directory.branch (
  name text PRIMARY KEY,
  root text
);

CREATE TABLE directory.tag (
  name text PRIMARY KEY,
  block text NOT NULL
);
