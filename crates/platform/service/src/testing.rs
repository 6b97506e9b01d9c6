//! For tests: routes on a real listener.

use std::{future::Future, net::SocketAddr, time::Duration};

use tokio::net::TcpListener;

use crate::{Context, Routes, Stop, http::serve};

/// Routes on a free port of loopback, with the tokens of [`Context::for_test`]; gone when dropped.
pub struct TestServer {
    address: SocketAddr,
    stop: Stop,
}

impl TestServer {
    /// `http://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop.trigger();
    }
}

/// Serves routes for a test.
///
/// # Errors
/// No port of loopback can be had.
pub async fn serve(routes: Routes) -> anyhow::Result<TestServer> {
    serve_with(routes, &Context::for_test("test"), serve::Options::default()).await
}

/// Serves routes for a test, in a context of its own.
///
/// # Errors
/// No port of loopback can be had.
pub async fn serve_with(
    routes: Routes,
    context: &Context,
    options: serve::Options,
) -> anyhow::Result<TestServer> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, context) = (context.stop.clone(), context.clone());
    tokio::spawn(async move { serve::listen(listener, routes, options, &context).await });
    Ok(TestServer { address, stop })
}

/// Polls until the condition gives something, at most so long.
///
/// # Errors
/// It did not in that time.
pub async fn until<T, F>(
    what: &str,
    patience: Duration,
    mut condition: impl FnMut() -> F,
) -> anyhow::Result<T>
where
    F: Future<Output = Option<T>>,
{
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        if let Some(value) = condition().await {
            return Ok(value);
        }
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "waited {patience:?} in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
