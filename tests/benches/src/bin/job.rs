//! Does one job so many times and nothing else, so that an instruction counter can watch it.

use std::error::Error;

use insist_benches::find;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, name, count, rounds] = arguments.as_slice() else {
        return Err("usage: job KIND NAME COUNT ROUNDS".into());
    };
    let job = find(kind, name).ok_or_else(|| format!("among the {kind} there is no job called {name}"))?;
    (job.run)(count.parse()?, rounds.parse()?);
    Ok(())
}
