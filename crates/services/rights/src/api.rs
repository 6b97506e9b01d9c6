//! The service's routes.

mod admin;
mod billing;
mod internal;
mod me;
mod parts;

use std::sync::Arc;

use funkturm_base::{HouseholdId, Result};
use funkturm_service::{Reply, Request, Routes, identity::Identity};
use utoipa::OpenApi;

use crate::{billing::signature::Secret, core::Core};

/// What the handlers work with.
pub(crate) struct App {
    pub(crate) core: Core,
    pub(crate) identity: Identity,
    pub(crate) secrets: Vec<Arc<Secret>>,
    /// How old signatures may be, in seconds.
    pub(crate) patience: u32,
}

impl App {
    /// The household that a request is from.
    fn caller(&self, request: &Request) -> Result<funkturm_service::identity::Caller> {
        self.identity.caller(&request.headers)
    }
}

/// Every route of the service.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    me::routes(app)
        .merge(admin::routes(app))
        .merge(parts::routes(app))
        .merge(internal::routes(app))
        .merge(billing::routes(app))
}

/// A handler with the app in its hands.
fn with<F, R>(app: &Arc<App>, handler: F) -> impl Fn(Request) -> R + Send + Sync + 'static
where
    F: Fn(Arc<App>, Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Reply>> + Send + 'static,
{
    let app = Arc::clone(app);
    move |request| handler(Arc::clone(&app), request)
}

/// The household of a path.
fn household(request: &Request) -> Result<HouseholdId> {
    request.param("household")
}

/// The largest body with a few fields in it.
const LARGEST_JSON: usize = 64 * 1024;
/// The largest offer: hundreds of packages over thousands of channels.
const LARGEST_OFFER: usize = 8 * 1024 * 1024;

/// The description of the public and the operators' routes.
#[derive(OpenApi)]
#[openapi(
    paths(
        me::packages,
        me::subscription,
        me::set_subscription,
        me::rights,
        me::redeem,
        admin::offer,
        admin::set_offer,
        admin::vouchers,
        admin::make_vouchers,
        admin::stop_vouchers,
        admin::subscriptions,
        admin::give,
        admin::change,
        admin::explain,
        admin::events,
        parts::packages::list,
        parts::packages::get,
        parts::packages::put,
        parts::packages::remove,
        parts::channel_groups::list,
        parts::channel_groups::get,
        parts::channel_groups::put,
        parts::channel_groups::remove,
        parts::broadcasters::list,
        parts::broadcasters::get,
        parts::broadcasters::put,
        parts::broadcasters::remove,
        parts::licences::list,
        parts::licences::get,
        parts::licences::put,
        parts::licences::remove,
        parts::plans::list,
        parts::plans::get,
        parts::plans::put,
        parts::plans::remove,
        billing::receive,
    ),
    components(schemas(funkturm_contracts::rights::Decision))
)]
pub(crate) struct Description;
