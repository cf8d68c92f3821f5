//! The guide: one module for each chapter, a minute or two long. The repository has it in `docs/guide`.

macro_rules! chapters {
    ($($name:ident $file:literal;)+) => {
        $(
            // Of two definitions of a link the first counts: here it is a module, in the repository a file.
            #[doc = "[curl]: crate::guide::curl"]
            #[doc = "[deciding]: crate::guide::deciding"]
            #[doc = "[gates]: crate::guide::gates"]
            #[doc = "[hedging]: crate::guide::hedging"]
            #[doc = "[hints]: crate::guide::hints"]
            #[doc = "[idempotency]: crate::guide::idempotency"]
            #[doc = "[own_loop]: crate::guide::own_loop"]
            #[doc = "[reqwest]: crate::guide::reqwest"]
            #[doc = "[seeing]: crate::guide::seeing"]
            #[doc = "[simulating]: crate::guide::simulating"]
            #[doc = "[tower_http]: crate::guide::tower_http"]
            #[doc = "[which_gate]: crate::guide::which_gate"]
            #[doc = ""]
            #[doc = include_str!(concat!("../guide/", $file))]
            pub mod $name {}
        )+
    };
}

chapters! {
    first_call "01-first-call.md";
    which_crate "02-which-crate.md";
    deciding "03-deciding.md";
    waits "04-waits.md";
    hints "05-hints.md";
    idempotency "06-idempotency.md";
    hedging "07-hedging.md";
    gates "08-gates.md";
    seeing "09-seeing.md";
    testing "10-testing.md";
    own_loop "11-own-loop.md";
    stored_calls "12-stored-calls.md";
    coming_from "13-coming-from.md";
    glossary "14-glossary.md";
    when_not "15-when-not.md";
    simulating "16-simulating.md";
    which_gate "17-which-gate.md";
    reqwest "18-reqwest.md";
    tower_http "19-tower-http.md";
    curl "20-curl.md";
}
