//! The service's routes.

mod admin;
mod internal;

use std::sync::Arc;

use funkturm_base::Result;
use funkturm_service::{Reply, Request, Routes};
use prometheus::IntCounter;
use tokio::sync::Notify;
use utoipa::OpenApi;

use crate::store::Store;

/// What the handlers work with.
pub(crate) struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) bell: Arc<Notify>,
    pub(crate) accepted: IntCounter,
}

/// Every route of the service.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    admin::routes(app).merge(internal::routes(app))
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

/// The description of the operators' routes.
#[derive(OpenApi)]
#[openapi(paths(admin::list, admin::get, admin::remove, admin::retry))]
pub(crate) struct Description;
