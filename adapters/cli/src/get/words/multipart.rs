//! Makes the body of a multipart form (RFC 7578) of `-F` and `--form-string`.

use std::path::Path;

use super::super::body::part;
use crate::exit::Failure;

/// Makes the body and its content type. The seed picks the boundary.
pub(super) fn multipart(form: &[String], strings: &[String], seed: u64) -> Result<(Vec<u8>, String), Failure> {
    let fields = form.iter().map(|text| field(text, true)).chain(strings.iter().map(|text| field(text, false)));
    let fields = fields.collect::<Result<Vec<_>, _>>()?;
    let mut boundary = format!("------------------------{seed:016x}");
    // No content may have the boundary in it.
    while fields.iter().any(|field| field.content.windows(boundary.len()).any(|window| window == boundary.as_bytes())) {
        boundary.push('x');
    }
    let mut body = Vec::new();
    for field in &fields {
        body.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", quoted(&field.name)).as_bytes(),
        );
        if let Some(name) = &field.file {
            body.extend_from_slice(format!("; filename=\"{}\"", quoted(name)).as_bytes());
        }
        if let Some(kind) = &field.kind {
            body.extend_from_slice(format!("\r\nContent-Type: {kind}").as_bytes());
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&field.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((body, format!("multipart/form-data; boundary={boundary}")))
}

struct Field {
    name: String,
    content: Vec<u8>,
    file: Option<String>,
    kind: Option<String>,
}

fn field(text: &str, has_files: bool) -> Result<Field, Failure> {
    let option = if has_files { "--form" } else { "--form-string" };
    let Some((name, value)) = text.split_once('=') else {
        return Err(Failure::Usage(format!("{option} '{text}' has no value; write it as name=value")));
    };
    let plain = |content: Vec<u8>| Field { name: name.into(), content, file: None, kind: None };
    if !has_files {
        return Ok(plain(value.into()));
    }
    let (value, kind, file) = settings(value);
    let read = |path: &str| part(&format!("@{path}"), option).map(|part| part.bytes);
    let mut field = match (value.strip_prefix('@'), value.strip_prefix('<')) {
        (Some(path), _) => {
            let own = Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
            let kind = Some("application/octet-stream".into());
            Field { file: own, kind, ..plain(read(path)?) }
        }
        (_, Some(path)) => plain(read(path)?),
        _ => plain(value.into()),
    };
    field.kind = kind.map(str::to_owned).or(field.kind);
    field.file = file.map(str::to_owned).or(field.file);
    if field.kind.as_ref().is_some_and(|kind| kind.contains(['\r', '\n'])) {
        return Err(Failure::Usage(format!("the type of --form {name} has the end of a line in it; leave it out")));
    }
    Ok(field)
}

/// Splits off `;type=` and `;filename=`, in whatever order.
fn settings(value: &str) -> (&str, Option<&str>, Option<&str>) {
    let (mut rest, mut kind, mut file) = (value, None, None);
    while let Some((before, last)) = rest.rsplit_once(';') {
        match (last.trim_start().strip_prefix("type="), last.trim_start().strip_prefix("filename=")) {
            (Some(text), _) => kind = Some(text),
            (_, Some(text)) => file = Some(text.trim_matches('"')),
            // Types have parameters, as in text/plain;charset=utf-8.
            _ => match before.rfind(";type=") {
                Some(at) if last.contains('=') => {
                    kind = Some(&rest[at + ";type=".len()..]);
                    rest = &rest[..at];
                    continue;
                }
                _ => break,
            },
        }
        rest = before;
    }
    (rest, kind, file)
}

/// Escapes a name as the WHATWG's HTML standard does.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(form: &[&str]) -> String {
        let form: Vec<String> = form.iter().map(|text| (*text).into()).collect();
        let Ok((body, _)) = multipart(&form, &["raw=@<;type=x".into()], 7) else { panic!() };
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn parts_have_names_files_and_types() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{}").unwrap();
        let path = file.path().display();
        let body = body(&[
            &format!("c=@{path};filename=o.json;type=application/json"),
            &format!("d=<{path}"),
            "e=1;2",
            "f=x;type=text/plain;charset=utf-8",
            "a\"b=c",
        ]);
        let b = "--------------------------0000000000000007";
        assert_eq!(
            body,
            format!(
                "{b}\r\nContent-Disposition: form-data; name=\"c\"; filename=\"o.json\"\r\nContent-Type: application/json\r\n\r\n{{}}\r\n\
                 {b}\r\nContent-Disposition: form-data; name=\"d\"\r\n\r\n{{}}\r\n\
                 {b}\r\nContent-Disposition: form-data; name=\"e\"\r\n\r\n1;2\r\n\
                 {b}\r\nContent-Disposition: form-data; name=\"f\"\r\nContent-Type: text/plain;charset=utf-8\r\n\r\nx\r\n\
                 {b}\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\nc\r\n\
                 {b}\r\nContent-Disposition: form-data; name=\"raw\"\r\n\r\n@<;type=x\r\n{b}--\r\n"
            )
        );
    }
}
