/** The fenced writes of a session: one statement each, so that the check of the lease and the write cannot be torn apart. */

// FOR SHARE: a takeover of the lease waits until this commits, and a write that waited for a takeover finds no row.
const HELD = 'select from phone_leases where phone_id = $1 and node_id = $2 and epoch = $3 for share';

/** Keys and credentials upserted and deleted, an inbox entry added, entries settled: all of it or nothing. */
export const WRITE = {
  name: 'session-write',
  text: `
    with held as materialized (${HELD}), upserted as (
      insert into credentials (phone_id, kind, key_id, value)
      select $1, k.kind, k.key_id, k.value
      from held, unnest($4::text[], $5::text[], $6::bytea[]) as k (kind, key_id, value)
      on conflict (phone_id, kind, key_id) do update set value = excluded.value
    ), deleted as (
      delete from credentials c using held, unnest($7::text[], $8::text[]) as k (kind, key_id)
      where c.phone_id = $1 and c.kind = k.kind and c.key_id = k.key_id
    ), kept as (
      insert into inbox (phone_id, ciphertext_hash, stanza, plaintext, settled_at)
      select $1, $9, $10, $11, case when $9 = any ($12::bytea[]) then clock_timestamp() end
      from held where $9::bytea is not null
      on conflict (phone_id, ciphertext_hash) do nothing
    ), settled as (
      update inbox i set settled_at = clock_timestamp() from held
      where i.phone_id = $1 and i.ciphertext_hash = any ($12::bytea[]) and i.settled_at is null
    )
    select exists (select from held) as held`,
};

export const KEEP_SENT = {
  name: 'session-keep-sent',
  text: `
    with held as materialized (${HELD}), kept as (
      insert into sent_content (phone_id, chat_jid, wa_id, content) select $1, $4, $5, $6 from held
      on conflict (phone_id, chat_jid, wa_id) do update set content = excluded.content, at = excluded.at
    )
    select exists (select from held) as held`,
};
