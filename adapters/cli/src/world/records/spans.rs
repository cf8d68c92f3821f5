//! Spans as OTLP JSON: one span of a client for each attempt, by OpenTelemetry's conventions for HTTP.

use serde::Deserialize;
use serde_json::Value;

use super::{Attempt, End, Records};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans {
    #[serde(default)]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Deserialize)]
struct ScopeSpans {
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    start_time_unix_nano: Value,
    end_time_unix_nano: Value,
    #[serde(default)]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    value: Value,
}

impl Span {
    /// Returns an attribute as text; OTLP writes 64-bit integers as strings.
    fn attribute(&self, key: &str) -> Option<String> {
        let value = &self.attributes.iter().find(|attribute| attribute.key == key)?.value;
        value.as_object()?.values().next().map(text)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn read(records: &mut Records, content: &str) -> Result<(&'static str, bool), String> {
    let (mut found, exports) = (0, serde_json::Deserializer::from_str(content).into_iter::<Export>());
    for export in exports {
        let export = export.map_err(|error| format!(", line {}: it is no OTLP JSON: {error}", error.line()))?;
        let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            // Spans of calls and of other things have neither a status nor a method.
            let status = span.attribute("http.response.status_code").and_then(|status| status.parse().ok());
            let error = span.attribute("error.type");
            if status.is_none() && (error.is_none() || span.attribute("http.request.method").is_none()) {
                continue;
            }
            let time =
                |value: &Value| text(value).parse::<u64>().map_err(|_| format!(": {value} is no time in nanoseconds"));
            let (sent, ended) = (time(&span.start_time_unix_nano)?, time(&span.end_time_unix_nano)?);
            let end = match (status, error) {
                (Some(status), _) => End::of_status(status),
                (None, Some(error)) if error.to_ascii_lowercase().contains("timeout") => End::Silent,
                (None, _) => End::Broke,
            };
            let address = span.attribute("server.address").unwrap_or_else(|| "server".into());
            let name = span.attribute("server.port").map_or(address.clone(), |port| format!("{address}:{port}"));
            let is_first = span.attribute("http.request.resend_count").is_none_or(|count| count == "0");
            let target = records.target(&name);
            records.attempts.push(Attempt { target, sent, took: ended.saturating_sub(sent), is_first, end });
            found += 1;
        }
    }
    if found == 0 { Err(": no span has http.response.status_code".into()) } else { Ok(("spans", true)) }
}
