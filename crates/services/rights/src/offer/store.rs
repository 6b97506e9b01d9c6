//! The offer in the database.

use diesel::{prelude::*, result::Error as Query};
use funkturm_base::{Error, Kind};
use funkturm_contracts::rights::offer::{
    Broadcaster, ChannelGroup, Licence, Offer, OfferReport, Package, Plan,
};
use funkturm_db::Failure;
use serde_json::Value;

use super::{Differences, Part, check, differences, report, sort};
use crate::{
    changes,
    schema::{offer, offer_row, subscription},
};

/// The offer's version.
pub(crate) fn version_get(connection: &mut PgConnection) -> QueryResult<i64> {
    offer::table.select(offer::version).first(connection)
}

/// The offer as it was at one moment.
pub(crate) fn offer_load(connection: &mut PgConnection) -> Result<(i64, Offer), Failure> {
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(|connection| Ok((version_get(connection)?, rows_load(connection)?)))
}

/// Changes the offer by `work`, in the order of everybody's changes; call it in a transaction. The offer comes out as it is
/// then, with what differs.
pub(crate) fn offer_change(
    connection: &mut PgConnection,
    work: impl FnOnce(&mut Offer) -> Result<(), Error>,
) -> Result<(Offer, OfferReport), Failure> {
    let version: i64 = offer::table.select(offer::version).for_update().first(connection)?;
    let before = rows_load(connection)?;
    let mut after = before.clone();
    work(&mut after)?;
    sort(&mut after);
    check::check(&after)?;
    let mut report = report(&before, &after, version);
    if report.added.is_empty() && report.changed.is_empty() && report.removed.is_empty() {
        return Ok((after, report));
    }
    save::<Package>(connection, &before, &after)?;
    save::<ChannelGroup>(connection, &before, &after)?;
    save::<Broadcaster>(connection, &before, &after)?;
    save::<Licence>(connection, &before, &after)?;
    save::<Plan>(connection, &before, &after)?;
    in_use(connection, &before, &after)?;
    report.version = version + 1;
    diesel::update(offer::table).set(offer::version.eq(report.version)).execute(connection)?;
    changes::note(connection, None)?;
    Ok((after, report))
}

/// What households have stays in the offer, though it need not be on sale. Call it after the rows are deleted: whoever
/// begins a subscription meanwhile waits for their locks.
fn in_use(connection: &mut PgConnection, before: &Offer, after: &Offer) -> Result<(), Failure> {
    let refuse = |what: &str, id: &str| {
        let message = format!(
            "households have {what} {id}: keep it, with on_sale = false, until the last one has ended"
        );
        Err(Failure::from(Error::new(Kind::Conflict, message)))
    };
    for package in differences::<Package>(before, after).removed {
        let held = subscription::table
            .filter(subscription::package.eq(&package.id).and(subscription::state.ne("ended")));
        if diesel::select(diesel::dsl::exists(held)).get_result(connection)? {
            return refuse("package", &package.id);
        }
    }
    for plan in differences::<Plan>(before, after).removed {
        let held =
            subscription::table.filter(subscription::plan.eq(&plan.id).and(subscription::state.ne("ended")));
        if diesel::select(diesel::dsl::exists(held)).get_result(connection)? {
            return refuse("plan", &plan.id);
        }
    }
    Ok(())
}

/// Keeps a package and a plan from being removed while a subscription to them begins; whether they are still there.
pub(crate) fn hold(connection: &mut PgConnection, package: &str, plan: Option<&str>) -> QueryResult<bool> {
    for (kind, id) in [(Package::KIND, Some(package)), (Plan::KIND, plan)] {
        let Some(id) = id else { continue };
        let there: Option<String> = offer_row::table
            .find((kind, id))
            .select(offer_row::id)
            .for_key_share()
            .first(connection)
            .optional()?;
        if there.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn rows_load(connection: &mut PgConnection) -> Result<Offer, Failure> {
    let rows: Vec<(String, String, Value)> = offer_row::table
        .order((offer_row::kind, offer_row::id))
        .select((offer_row::kind, offer_row::id, offer_row::data))
        .load(connection)?;
    let mut offer = Offer::default();
    for (kind, _, data) in rows {
        match kind.as_str() {
            Package::KIND => push::<Package>(&mut offer, data)?,
            ChannelGroup::KIND => push::<ChannelGroup>(&mut offer, data)?,
            Broadcaster::KIND => push::<Broadcaster>(&mut offer, data)?,
            Licence::KIND => push::<Licence>(&mut offer, data)?,
            _ => push::<Plan>(&mut offer, data)?,
        }
    }
    sort(&mut offer);
    Ok(offer)
}

fn push<P: Part>(offer: &mut Offer, data: Value) -> Result<(), Failure> {
    let part = serde_json::from_value(data)
        .map_err(|error| Error::internal("the database holds something that cannot be", error))?;
    P::list_mut(offer).push(part);
    Ok(())
}

fn save<P: Part>(connection: &mut PgConnection, before: &Offer, after: &Offer) -> Result<(), Failure> {
    let Differences { added, changed, removed } = differences::<P>(before, after);
    for part in added.into_iter().chain(changed) {
        let data = serde_json::to_value(part).map_err(|error| Query::SerializationError(error.into()))?;
        diesel::insert_into(offer_row::table)
            .values((offer_row::kind.eq(P::KIND), offer_row::id.eq(part.id()), offer_row::data.eq(&data)))
            .on_conflict((offer_row::kind, offer_row::id))
            .do_update()
            .set(offer_row::data.eq(&data))
            .execute(connection)?;
    }
    for part in removed {
        diesel::delete(offer_row::table.find((P::KIND, part.id()))).execute(connection)?;
    }
    Ok(())
}
