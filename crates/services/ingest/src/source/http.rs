//! A transport stream as an endless HTTP response, as Tvheadend, dvblast's helpers and set-top boxes offer it.

use futures_util::StreamExt;

use super::{Source, Trouble, pace::Paced};

/// Receives until the response ends or breaks.
pub(super) async fn receive(source: &Source, url: &str) -> Trouble {
    let response = match get(source, url).await {
        Ok(response) => response,
        Err(trouble) => return trouble,
    };
    source.opened();
    let mut body = response.bytes_stream();
    let mut paced = Paced::new(&source.feed);
    while let Some(piece) = body.next().await {
        match piece {
            Ok(bytes) => paced.push(&bytes).await,
            Err(error) => return Trouble::because("the response broke off", &error.without_url()),
        }
    }
    Trouble::new("the sender ended the response")
}

/// Asks for a URL; anything but success is trouble.
pub(super) async fn get(source: &Source, url: &str) -> Result<reqwest::Response, Trouble> {
    let answer = source.client.get(url).send().await;
    // The URL may have a password in it, so it is not part of the message.
    let response = answer.map_err(|error| Trouble::because("no answer by HTTP", &error.without_url()))?;
    let status = response.status();
    if !status.is_success() {
        return Err(Trouble::new(format!("the server answers {status}")));
    }
    let kind = response.headers().get(reqwest::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("text/html")) {
        return Err(Trouble::new("the server answers with a web page: is this the stream's own URL?"));
    }
    Ok(response)
}
