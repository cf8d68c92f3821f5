//! The commonest mistakes, each behind a feature of its name. The comment above one is what the compiler has to say.

// says: |_|
#[cfg(feature = "closure_without_argument")]
pub fn closure_without_argument() {
    use insist::Policy;
    use insist::blocking::retry;

    let _ = retry(Policy::default(), || std::fs::read_to_string("Cargo.toml")).call();
}

// says: end the call with `.try_call()` (or, async, with `.await` alone)
#[cfg(feature = "error_without_no_outcome")]
pub fn error_without_no_outcome() {
    use insist::Policy;
    use insist::blocking::retry;

    let _ = retry(Policy::default(), |_| "4".parse::<u32>()).call();
}

// says: give `&gate`, an `Arc` of it, a tuple of gates, or an `Option` of one
#[cfg(feature = "gate_that_is_none")]
pub fn gate_that_is_none() {
    use insist::Policy;
    use insist::blocking::retry;

    let _ = retry(Policy::default(), |_| std::fs::read_to_string("Cargo.toml")).gate(0.1).call();
}

// says: EndWithCallOrTryCallOrReport
#[cfg(feature = "local_without_finisher")]
pub async fn local_without_finisher() -> std::io::Result<()> {
    use insist::Policy;
    use insist::tokio::retry_local;

    let text = retry_local(Policy::default(), async |_| std::fs::read_to_string("Cargo.toml")).await?;
    assert!(!text.is_empty());
    Ok(())
}

// says: end a call of `retry_local` with `.call()`, `.try_call()` or `.report()`, and await that
#[cfg(feature = "local_without_finisher_unused")]
pub async fn local_without_finisher_unused() {
    use insist::Policy;
    use insist::tokio::retry_local;

    let _ = retry_local(Policy::default(), async |_| std::fs::read_to_string("Cargo.toml")).await;
}

// says: give a `Policy`, a `&Policy`, an `Arc<Policy>`, or `Terms` or `&Terms` that hold one of these
#[cfg(feature = "no_policy")]
pub fn no_policy() {
    use insist::blocking::retry;

    let _ = retry(3, |_| std::fs::read_to_string("Cargo.toml")).call();
}

// says: expected enum `Result<_, _>`
#[cfg(feature = "operation_without_result")]
pub fn operation_without_result() {
    use insist::Policy;
    use insist::blocking::retry;

    let _ = retry(Policy::default(), |_| 5).try_call();
}

// says: clone_with
#[cfg(feature = "request_that_cannot_be_cloned")]
pub fn request_that_cannot_be_cloned() {
    use insist::Policy;
    use insist::tower::Layer;
    use tower::{Layer as _, Service, service_fn};

    struct Body;

    fn serve(_: impl Service<Body>) {}

    let service = service_fn(|_: Body| async { Ok::<_, std::io::Error>(200) });
    serve(Layer::retry(&const { Policy::zero() }).layer(service));
}
