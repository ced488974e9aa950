-- Organisations, keys, phones, leases, credentials, inbound messages and the event log.
-- Hot tables (credentials, inbox, chats, messages, events) lead every key with phone_id and no hot transaction crosses
-- phones, so that the tables can be sharded by phone_id one day.

create table installation (
  singleton boolean primary key default true check (singleton),
  installation_id uuid not null default gen_random_uuid(),
  -- Proof that a master key is the one this database was written with; never the key.
  master_key_check bytea,
  created_at timestamptz not null default now()
);
insert into installation default values;

create table organisations (
  org_id uuid primary key default gen_random_uuid(),
  name text not null check (length(name) between 1 and 200),
  created_at timestamptz not null default now()
);

create table api_keys (
  key_id uuid primary key default gen_random_uuid(),
  org_id uuid not null references organisations,
  name text not null,
  prefix text not null,
  token_hash bytea not null unique,
  -- null = every phone of the organisation
  phones text[],
  can_read boolean not null,
  can_send boolean not null,
  is_admin boolean not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_keys_by_org on api_keys (org_id);

create table audit_log (
  audit_id bigint generated always as identity primary key,
  org_id uuid not null references organisations,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null
);
create index audit_log_by_org on audit_log (org_id, audit_id);

create table labels (
  label_id text primary key,
  org_id uuid not null references organisations,
  type text not null check (type in ('phone', 'chat', 'contact', 'ticket')),
  name text not null,
  name_key text not null,
  color text not null,
  created_at timestamptz not null default now(),
  unique (org_id, type, name_key)
);

create table nodes (
  node_id uuid primary key,
  address text not null,
  network text not null check (network in ('live', 'sandbox')),
  host_id text not null,
  pid integer not null,
  draining boolean not null default false,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp()
);

create table phones (
  phone_id text primary key,
  org_id uuid not null references organisations,
  network text not null check (network in ('live', 'sandbox')),
  wanted text not null check (wanted in ('running', 'stopped')),
  state jsonb not null,
  -- Derived from the state by the writer: a node must hold the phone although nobody asked for anything.
  needs_owner boolean not null,
  number text,
  lid text,
  name text,
  is_business boolean not null default false,
  image_changed_at timestamptz,
  label_ids text[] not null default '{}',
  first_connected_at timestamptz,
  last_disconnect jsonb,
  restricted_until timestamptz,
  primary_last_seen timestamptz,
  -- Of the last event; the next one is one more.
  sequence bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  deleted_at timestamptz
);
create index phones_by_org on phones (org_id, created_at) where deleted_at is null;
create index phones_by_number on phones (org_id, number) where number is not null;
create index phones_needing_owner on phones (network, phone_id) where needs_owner;

create table phone_leases (
  phone_id text primary key references phones,
  node_id uuid,
  epoch bigint not null
);
create index phone_leases_by_node on phone_leases (node_id);

create table phone_commands (
  command_id bigint generated always as identity primary key,
  phone_id text not null references phones,
  kind text not null check (kind in ('start', 'restart', 'reset', 'resync', 'delete')),
  created_at timestamptz not null default clock_timestamp(),
  unique (phone_id, kind)
);

create table phone_diary (
  phone_id text not null references phones,
  entry_id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  state text not null,
  code text,
  reason text,
  node_id uuid,
  primary key (phone_id, entry_id)
);

-- The data key of a phone, wrapped by the master key. Dropping the row makes every ciphertext of the phone unreadable.
create table phone_keys (
  phone_id text primary key references phones,
  wrapped_key bytea not null
);

-- Ciphertext only: AES-256-GCM under the data key, authenticated with phone, kind and key id so that rows cannot be swapped.
create table credentials (
  phone_id text not null references phones,
  kind text not null,
  key_id text not null,
  value bytea not null,
  primary key (phone_id, kind, key_id)
);

-- Credentials of an ended link: encrypted as they were, kept for seven days, restorable by an operator.
create table retired_credentials (
  phone_id text not null references phones,
  retired_at timestamptz not null default clock_timestamp(),
  reason text not null,
  kind text not null,
  key_id text not null,
  value bytea not null,
  primary key (phone_id, retired_at, kind, key_id)
);

-- Plaintext of a stanza, committed with its ratchet step before any receipt leaves. Values are ciphertext as above.
create table inbox (
  phone_id text not null references phones,
  ciphertext_hash bytea not null,
  stanza jsonb not null,
  plaintext bytea not null,
  received_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  primary key (phone_id, ciphertext_hash)
);
create index inbox_waiting on inbox (phone_id, received_at) where settled_at is null;

-- Content of what we sent, for peers that ask again within seven days. Ciphertext as above.
create table sent_content (
  phone_id text not null references phones,
  chat_jid text not null,
  wa_id text not null,
  content bytea not null,
  at timestamptz not null default clock_timestamp(),
  primary key (phone_id, chat_jid, wa_id)
);

-- Which number stands behind which LID, as far as this phone knows.
create table identities (
  phone_id text not null references phones,
  identity_id bigint generated always as identity,
  number text,
  lid text,
  name text,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (phone_id, identity_id),
  check (number is not null or lid is not null)
);
create unique index identities_by_number on identities (phone_id, number) where number is not null;
create unique index identities_by_lid on identities (phone_id, lid) where lid is not null;

create table chats (
  phone_id text not null references phones,
  -- `<digits>@c.us`, `<id>@g.us`, or `<lid>@lid` until the number is learned
  chat_id text not null,
  org_id uuid not null,
  kind text not null check (kind in ('user', 'group')),
  name text,
  unread_count integer,
  last_message_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  primary key (phone_id, chat_id)
);

create table messages (
  phone_id text not null references phones,
  chat_id text not null,
  wa_id text not null,
  from_me boolean not null,
  org_id uuid not null,
  sender_number text,
  sender_lid text,
  sender_name text,
  type text not null,
  body text,
  quoted_wa_id text,
  content bytea not null,
  from_history boolean not null,
  at timestamptz not null,
  stored_at timestamptz not null default clock_timestamp(),
  primary key (phone_id, chat_id, wa_id, from_me)
);
create index messages_by_time on messages (phone_id, chat_id, at desc);

create table events (
  phone_id text not null,
  sequence bigint not null,
  position bigint generated always as identity,
  org_id uuid not null,
  id uuid not null default gen_random_uuid(),
  name text not null,
  payload text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (phone_id, sequence)
);
create index events_by_position on events (position);
create index events_by_org on events (org_id, position);
