//! The line-up in the database.

use std::collections::BTreeMap;

use diesel::{prelude::*, result::Error as Query};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use funkturm_base::{ChannelId, Error};
use funkturm_contracts::channel::{ChannelEvent, Input, Profile};
use funkturm_db::Failure;

use crate::{
    draft::{Changed, Draft},
    record::{Logo, Record},
    schema::{channel, input, line_up, outbox},
};

pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!();

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = channel, treat_none_as_null = true)]
struct ChannelRow {
    id: String,
    name: String,
    number: i32,
    profile: String,
    redundant: bool,
    enabled: bool,
    logo_url: Option<String>,
    logo_key: Option<String>,
    guide_id: Option<String>,
    version: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = input)]
struct InputRow {
    channel: String,
    preference: i32,
    url: String,
    programme: Option<i32>,
}

/// The whole line-up.
pub(crate) struct Stored {
    pub(crate) version: i64,
    pub(crate) records: BTreeMap<ChannelId, Record>,
}

/// The line-up's version.
pub(crate) fn version_get(connection: &mut PgConnection) -> QueryResult<i64> {
    line_up::table.select(line_up::version).first(connection)
}

/// The line-up as it was at one moment.
pub(crate) fn line_up_load(connection: &mut PgConnection) -> Result<Stored, Failure> {
    connection.build_transaction().repeatable_read().read_only().run(|connection| {
        let version = version_get(connection)?;
        Ok(Stored { version, records: records_load(connection)? })
    })
}

/// Changes the line-up by `work`, in the order of everybody's changes; call it in a transaction.
pub(crate) fn line_up_change<T>(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut Draft) -> Result<T, Error>,
) -> Result<(T, Changed), Failure> {
    let version = line_up::table.select(line_up::version).for_update().first(connection)?;
    let mut draft = Draft::new(version, records_load(connection)?);
    let result = work(&mut draft)?;
    let changed = draft.finish();
    for id in &changed.touched {
        match changed.records.get(id) {
            Some(record) => record_save(connection, record)?,
            None => drop(diesel::delete(channel::table.find(id.as_str())).execute(connection)?),
        }
        let removed = !changed.records.contains_key(id);
        event_save(connection, &ChannelEvent { channel: id.clone(), version: changed.version, removed })?;
    }
    if changed.version != version {
        diesel::update(line_up::table).set(line_up::version.eq(changed.version)).execute(connection)?;
    }
    Ok((result, changed))
}

/// Events that wait for the bus, the oldest first.
pub(crate) fn events_load(
    connection: &mut PgConnection,
    most: i64,
) -> Result<Vec<(i64, ChannelEvent)>, Failure> {
    let rows: Vec<(i64, serde_json::Value)> =
        outbox::table.order(outbox::id).limit(most).select((outbox::id, outbox::event)).load(connection)?;
    rows.into_iter().map(|(id, event)| Ok((id, serde_json::from_value(event).map_err(corrupt)?))).collect()
}

/// Forgets events that have arrived.
pub(crate) fn events_delete(connection: &mut PgConnection, ids: &[i64]) -> QueryResult<usize> {
    diesel::delete(outbox::table.filter(outbox::id.eq_any(ids))).execute(connection)
}

fn records_load(connection: &mut PgConnection) -> Result<BTreeMap<ChannelId, Record>, Failure> {
    let mut inputs: BTreeMap<String, Vec<Input>> = BTreeMap::new();
    let rows = input::table
        .order((input::channel, input::preference))
        .select(InputRow::as_select())
        .load(connection)?;
    for row in rows {
        let programme = row.programme.map(u16::try_from).transpose().map_err(corrupt)?;
        inputs.entry(row.channel).or_default().push(Input { url: row.url, programme });
    }
    let rows: Vec<ChannelRow> = channel::table.select(ChannelRow::as_select()).load(connection)?;
    rows.into_iter()
        .map(|row| {
            let inputs = inputs.remove(&row.id).unwrap_or_default();
            let record = record(row, inputs)?;
            Ok((record.id.clone(), record))
        })
        .collect()
}

fn record_save(connection: &mut PgConnection, record: &Record) -> Result<(), Failure> {
    let row = row(record)?;
    diesel::insert_into(channel::table)
        .values(&row)
        .on_conflict(channel::id)
        .do_update()
        .set(&row)
        .execute(connection)?;
    diesel::delete(input::table.filter(input::channel.eq(&row.id))).execute(connection)?;
    let inputs: Vec<InputRow> = (0..)
        .zip(&record.inputs)
        .map(|(preference, input)| InputRow {
            channel: row.id.clone(),
            preference,
            url: input.url.clone(),
            programme: input.programme.map(Into::into),
        })
        .collect();
    diesel::insert_into(input::table).values(inputs).execute(connection)?;
    Ok(())
}

fn event_save(connection: &mut PgConnection, event: &ChannelEvent) -> Result<(), Failure> {
    let event = serde_json::to_value(event).map_err(|error| Query::SerializationError(error.into()))?;
    diesel::insert_into(outbox::table).values(outbox::event.eq(event)).execute(connection)?;
    Ok(())
}

fn row(record: &Record) -> Result<ChannelRow, Failure> {
    let (logo_url, logo_key) = match &record.logo {
        Logo::None => (None, None),
        Logo::Elsewhere(url) => (Some(url.clone()), None),
        Logo::Ours(key) => (None, Some(key.to_string())),
    };
    Ok(ChannelRow {
        id: record.id.to_string(),
        name: record.name.clone(),
        number: i32::try_from(record.number).map_err(corrupt)?,
        profile: profile_name(record.profile).to_owned(),
        redundant: record.redundant,
        enabled: record.enabled,
        logo_url,
        logo_key,
        guide_id: record.guide_id.clone(),
        version: record.version,
    })
}

fn record(row: ChannelRow, inputs: Vec<Input>) -> Result<Record, Failure> {
    let logo = match (row.logo_key, row.logo_url) {
        (Some(key), _) => Logo::Ours(key.parse().map_err(corrupt)?),
        (None, Some(url)) => Logo::Elsewhere(url),
        (None, None) => Logo::None,
    };
    Ok(Record {
        id: row.id.parse().map_err(corrupt)?,
        name: row.name,
        number: u32::try_from(row.number).map_err(corrupt)?,
        profile: profile(&row.profile)?,
        redundant: row.redundant,
        enabled: row.enabled,
        logo,
        guide_id: row.guide_id,
        inputs,
        version: row.version,
    })
}

fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Passthrough => "passthrough",
        Profile::FullHd => "full_hd",
        Profile::Hd => "hd",
        Profile::Sd => "sd",
    }
}

fn profile(name: &str) -> Result<Profile, Failure> {
    [Profile::Passthrough, Profile::FullHd, Profile::Hd, Profile::Sd]
        .into_iter()
        .find(|profile| profile_name(*profile) == name)
        .ok_or_else(|| corrupt(format!("there is no profile {name:?}")))
}

/// What the database's own checks should have kept out.
fn corrupt(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    Error::internal("the database holds something that cannot be", error).into()
}
