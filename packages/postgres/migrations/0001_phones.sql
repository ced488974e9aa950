-- Organisations, keys, phones, leases, credentials, inbound messages and the event log.
-- Hot tables (credentials, inbox, chats, messages, events) lead every key with phone_id and no hot transaction crosses
-- phones, so that the tables can be sharded by phone_id one day. They have no foreign keys: a row is written only
-- together with a check of the lease of its phone, phone rows are never deleted, and a check per row costs more than the row.

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
  heartbeat_at timestamptz not null default clock_timestamp(),
  -- Since when heartbeats came without a pause or a jump of the clock.
  steady_since timestamptz not null default clock_timestamp()
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
  -- Whole milliseconds: what a Date can hold, so that the value shown is exactly the value stored.
  created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  updated_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
  deleted_at timestamptz
) with (fillfactor = 70);
create index phones_by_org on phones (org_id, created_at) where deleted_at is null;
create index phones_by_number on phones (org_id, number) where number is not null and deleted_at is null;
create index phones_needing_owner on phones (network, phone_id)
  where needs_owner and wanted = 'running' and deleted_at is null;

-- One row per phone from its creation on. Every fenced write reads the row FOR SHARE, a takeover updates it, so neither
-- can slip past the other.
create table phone_leases (
  phone_id text primary key references phones,
  node_id uuid,
  epoch bigint not null
) with (fillfactor = 50);
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
create index phone_diary_by_time on phone_diary (at);

-- The data key of a phone, wrapped by the master key. Dropping the row makes every ciphertext of the phone unreadable.
create table phone_keys (
  phone_id text primary key references phones,
  wrapped_key bytea not null
);

-- Ciphertext only: AES-256-GCM under the data key, authenticated with phone, kind and key id so that rows cannot be swapped.
create table credentials (
  phone_id text not null,
  kind text not null,
  key_id text not null,
  value bytea not null,
  primary key (phone_id, kind, key_id)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- Ciphertext does not compress.
alter table credentials alter column value set storage external;

-- Credentials of an ended link: encrypted as they were, kept for seven days, restorable by an operator.
create table retired_credentials (
  phone_id text not null,
  retired_at timestamptz not null default clock_timestamp(),
  reason text not null,
  kind text not null,
  key_id text not null,
  value bytea not null,
  primary key (phone_id, retired_at, kind, key_id)
);
create index retired_credentials_by_time on retired_credentials (retired_at);

-- Plaintext of a stanza, committed with its ratchet step before any receipt leaves. Values are ciphertext as above.
create table inbox (
  phone_id text not null,
  ciphertext_hash bytea not null,
  -- JSON, as text: attributes of a stanza may hold characters that jsonb refuses
  stanza text not null,
  plaintext bytea not null,
  received_at timestamptz not null default clock_timestamp(),
  settled_at timestamptz,
  primary key (phone_id, ciphertext_hash)
);
create index inbox_waiting on inbox (phone_id, received_at) where settled_at is null;
create index inbox_settled on inbox (settled_at) where settled_at is not null;
alter table inbox alter column plaintext set storage external;

-- Content of what we sent, for peers that ask again within seven days. Ciphertext as above.
create table sent_content (
  phone_id text not null,
  chat_jid text not null,
  wa_id text not null,
  content bytea not null,
  at timestamptz not null default clock_timestamp(),
  primary key (phone_id, chat_jid, wa_id)
);
create index sent_content_by_time on sent_content (at);
alter table sent_content alter column content set storage external;

-- Which number stands behind which LID, as far as this phone knows.
create table identities (
  phone_id text not null,
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
  phone_id text not null,
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
  phone_id text not null,
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

-- Appended in the transaction of the change it tells. That transaction locks or writes its phone row first, so it has
-- its transaction id before it draws a position: readers rely on it to know when a gap in the positions is final.
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
create unique index events_by_position on events (position);
create index events_by_time on events (at);
create index events_by_org on events (org_id, position);
