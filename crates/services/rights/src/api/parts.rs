//! The parts of the offer, each by itself, for operators: packages, channel groups, broadcasters, licences, plans.

use std::sync::Arc;

use funkturm_base::{Error, Kind, Result};
use funkturm_service::{Reply, Request, Routes, reply};
use http::StatusCode;

use super::{App, LARGEST_JSON, with};
use crate::offer::Part;

/// The routes of one kind, with their descriptions.
macro_rules! part {
    ($module:ident, $type:ident, $collection:tt, $one:tt, $list_id:tt, $get_id:tt, $put_id:tt, $remove_id:tt, $about:tt) => {
        pub(super) mod $module {
            use std::sync::Arc;

            use funkturm_base::Result;
            use funkturm_contracts::rights::offer::{OfferReport, $type};
            use funkturm_service::{Reply, Request};

            use super::App;

            #[doc = concat!("Every one of the ", $about)]
            #[utoipa::path(get, path = $collection, operation_id = $list_id, tag = "offer", security(("operator" = [])),
                responses(
                    (status = 200, description = "All of them, by their ids", body = Vec<$type>),
                    (status = 503, description = "Not read from the database yet"),
                ))]
            pub(in super::super) async fn list(app: Arc<App>, _: Request) -> Result<Reply> {
                super::list::<$type>(&app)
            }

            #[doc = concat!("One of the ", $about)]
            #[utoipa::path(get, path = $one, operation_id = $get_id, tag = "offer", security(("operator" = [])),
                params(("id" = String, Path, description = "Its id")),
                responses(
                    (status = 200, description = "It", body = $type),
                    (status = 404, description = "There is none of this id"),
                    (status = 503, description = "Not read from the database yet"),
                ))]
            pub(in super::super) async fn get(app: Arc<App>, request: Request) -> Result<Reply> {
                super::get::<$type>(&app, &request)
            }

            #[doc = concat!("Add or replace one of the ", $about)]
            #[utoipa::path(put, path = $one, operation_id = $put_id, tag = "offer", security(("operator" = [])),
                params(("id" = String, Path, description = "Its id, as in the body")),
                request_body = $type,
                responses(
                    (status = 200, description = "What changed", body = OfferReport),
                    (status = 400, description = "Something is wrong with it; the detail says what, and where"),
                    (status = 413, description = "It is too large"),
                    (status = 503, description = "The database is away"),
                ))]
            pub(in super::super) async fn put(app: Arc<App>, request: Request) -> Result<Reply> {
                super::put::<$type>(&app, request).await
            }

            #[doc = concat!("Remove one of the ", $about)]
            #[utoipa::path(delete, path = $one, operation_id = $remove_id, tag = "offer", security(("operator" = [])),
                params(("id" = String, Path, description = "Its id")),
                responses(
                    (status = 200, description = "What changed", body = OfferReport),
                    (status = 400, description = "Something else in the offer refers to it"),
                    (status = 404, description = "There is none of this id"),
                    (status = 409, description = "Households have it"),
                    (status = 503, description = "The database is away"),
                ))]
            pub(in super::super) async fn remove(app: Arc<App>, request: Request) -> Result<Reply> {
                super::remove::<$type>(&app, &request).await
            }
        }
    };
}

part!(
    packages,
    Package,
    "/admin/v1/packages",
    "/admin/v1/packages/{id}",
    "list_packages",
    "get_package",
    "put_package",
    "remove_package",
    "packages"
);
part!(
    channel_groups,
    ChannelGroup,
    "/admin/v1/channel_groups",
    "/admin/v1/channel_groups/{id}",
    "list_channel_groups",
    "get_channel_group",
    "put_channel_group",
    "remove_channel_group",
    "channel groups"
);
part!(
    broadcasters,
    Broadcaster,
    "/admin/v1/broadcasters",
    "/admin/v1/broadcasters/{id}",
    "list_broadcasters",
    "get_broadcaster",
    "put_broadcaster",
    "remove_broadcaster",
    "broadcasters"
);
part!(
    licences,
    Licence,
    "/admin/v1/licences",
    "/admin/v1/licences/{id}",
    "list_licences",
    "get_licence",
    "put_licence",
    "remove_licence",
    "licences"
);
part!(
    plans,
    Plan,
    "/admin/v1/plans",
    "/admin/v1/plans/{id}",
    "list_plans",
    "get_plan",
    "put_plan",
    "remove_plan",
    "price plans"
);

pub(super) fn routes(app: &Arc<App>) -> Routes {
    macro_rules! routes {
        ($routes:expr, $($module:ident $collection:literal $one:literal),*) => {
            $routes$(
                .get($collection, with(app, $module::list))
                .get($one, with(app, $module::get))
                .put($one, with(app, $module::put))
                .delete($one, with(app, $module::remove))
            )*
        };
    }
    routes!(
        Routes::new(),
        packages "/admin/v1/packages" "/admin/v1/packages/{id}",
        channel_groups "/admin/v1/channel_groups" "/admin/v1/channel_groups/{id}",
        broadcasters "/admin/v1/broadcasters" "/admin/v1/broadcasters/{id}",
        licences "/admin/v1/licences" "/admin/v1/licences/{id}",
        plans "/admin/v1/plans" "/admin/v1/plans/{id}"
    )
}

fn list<P: Part>(app: &App) -> Result<Reply> {
    Ok(reply::json(StatusCode::OK, P::list(&app.core.table()?.offer)))
}

fn get<P: Part>(app: &App, request: &Request) -> Result<Reply> {
    let (id, table) = (request.text("id")?, app.core.table()?);
    let part = P::list(&table.offer).iter().find(|part| part.id() == id).ok_or_else(|| none::<P>(&id))?;
    Ok(reply::json(StatusCode::OK, part))
}

async fn put<P: Part>(app: &App, mut request: Request) -> Result<Reply> {
    let part: P = request.json(LARGEST_JSON * 16).await?;
    if request.text("id")? != part.id() {
        let message = format!("the id in the path is not the one in the body, {:?}", part.id());
        return Err(Error::new(Kind::Invalid, message));
    }
    let change = app.core.change_offer(move |offer| {
        let list = P::list_mut(offer);
        list.retain(|known| known.id() != part.id());
        list.push(part);
        Ok(())
    });
    Ok(reply::json(StatusCode::OK, &change.await?))
}

async fn remove<P: Part>(app: &App, request: &Request) -> Result<Reply> {
    let id = request.text("id")?.into_owned();
    let change = app.core.change_offer(move |offer| {
        let list = P::list_mut(offer);
        let before = list.len();
        list.retain(|known| known.id() != id);
        if list.len() == before { Err(none::<P>(&id)) } else { Ok(()) }
    });
    Ok(reply::json(StatusCode::OK, &change.await?))
}

fn none<P: Part>(id: &str) -> Error {
    Error::new(Kind::NotFound, format!("there is no {} {id}", P::NAME))
}
