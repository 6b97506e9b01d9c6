//! The service's routes.

mod admin;
mod internal;
mod public;

use std::sync::Arc;

use funkturm_base::{Error, Result};
use funkturm_service::{Reply, Request, Routes};
use utoipa::OpenApi;

use crate::{fleet::Fleet, line_up::LineUp, logos::Logos};

/// What the handlers work with.
pub(crate) struct App {
    pub(crate) line_up: LineUp,
    pub(crate) logos: Logos,
    pub(crate) fleet: Arc<Fleet>,
}

/// Every route of the service.
pub(crate) fn routes(app: &Arc<App>) -> Routes {
    public::routes(app).merge(admin::routes(app)).merge(internal::routes(app))
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

/// The description of the public and the operators' routes.
#[derive(OpenApi)]
#[openapi(paths(
    public::line_up,
    public::entry,
    public::logo,
    admin::list,
    admin::create,
    admin::import,
    admin::get,
    admin::edit,
    admin::remove,
    admin::set_logo,
    admin::remove_logo,
    admin::inputs,
    admin::transcoders,
    admin::origins,
))]
pub(crate) struct Description;

fn no_channel(id: &funkturm_base::ChannelId) -> Error {
    Error::new(funkturm_base::Kind::NotFound, format!("there is no channel {id}"))
}
