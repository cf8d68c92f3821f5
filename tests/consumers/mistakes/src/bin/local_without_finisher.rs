// says: EndWithCallOrTryCallOrReport
use insist::Policy;
use insist::tokio::retry_local;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let text = retry_local(Policy::default(), async |_| std::fs::read_to_string("Cargo.toml")).await?;
    assert!(!text.is_empty());
    Ok(())
}
