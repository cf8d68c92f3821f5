// says: clone_with
use insist::Policy;
use insist::tower::Layer;
use tower::{Layer as _, Service, service_fn};

struct Body;

fn serve(_: impl Service<Body>) {}

fn main() {
    let service = service_fn(|_: Body| async { Ok::<_, std::io::Error>(200) });
    serve(Layer::retry(&const { Policy::zero() }).layer(service));
}
