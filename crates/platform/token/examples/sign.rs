//! A token for a channel, to show to other implementations: `cargo run -p funkturm-token --example sign FILE-OF-KEYS CHANNEL`.

use std::time::{SystemTime, UNIX_EPOCH};

use funkturm_token::{Claims, Keys};
use uuid::Uuid;

#[expect(clippy::print_stdout, reason = "the token is what it is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (file, channel) = arguments.next().zip(arguments.next()).ok_or("sign FILE-OF-KEYS CHANNEL")?;
    let keys = Keys::parse(&std::fs::read_to_string(file)?)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    println!("{}", keys.sign(&Claims::for_channel(Uuid::new_v4(), &channel.parse()?, now, 300)));
    Ok(())
}
