//! The blocking half of the program, and its errors.

use std::time::Duration;

use reqwest::Error;
use reqwest::blocking::{Client, Response};

fn get(client: &Client, url: String) -> Result<String, Error> {
    client.get(url).send().and_then(Response::error_for_status)?.text()
}

pub fn run(shop: String) -> Result<(), Error> {
    std::thread::spawn(move || {
        let client = Client::builder().no_proxy().build()?;
        let down = get(&client, format!("{shop}/down")).unwrap_err();
        assert_eq!(down.status().map(|status| status.as_u16()), Some(503));
        assert_eq!(down.url().map(|url| url.path()), Some("/down"));

        let quick = Client::builder().no_proxy().timeout(Duration::from_millis(300)).build()?;
        let hung = get(&quick, format!("{shop}/hung")).unwrap_err();
        assert!(hung.is_timeout() && !hung.is_status());

        let odd = get(&client, "nonsense".into()).unwrap_err();
        assert!(odd.is_builder());
        Ok(())
    })
    .join()
    .expect("it does not panic")
}
