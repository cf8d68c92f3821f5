//! Names the file of each URL in `--output-dir`: plain names in that folder, no two of them equal.

use std::collections::{HashMap, HashSet};

use http::Uri;

/// The most bytes of a name before it is numbered; file systems allow 255.
const LONGEST: usize = 100;

/// Makes a name for each URL, from the URLs and their order alone.
///
/// A name is the last part of the path, or else the host, followed by the query; any character but ASCII letters,
/// digits and `.-_` becomes `_`. A name that an earlier URL has, in whatever case, is numbered: `page.html`,
/// `page-2.html`.
pub(in crate::get) fn names(urls: &[Uri]) -> Vec<String> {
    let plain: Vec<String> = urls.iter().map(plain).collect();
    let mut taken = HashSet::new();
    // Counts how often each name was used, so that the numbering of a common name need not start at 2 each time.
    let mut asked = HashMap::<String, usize>::new();
    plain
        .into_iter()
        .map(|name| {
            let asked = asked.entry(name.to_ascii_lowercase()).or_default();
            loop {
                *asked += 1;
                let name = numbered(&name, *asked);
                if taken.insert(name.to_ascii_lowercase()) {
                    return name;
                }
            }
        })
        .collect()
}

fn plain(url: &Uri) -> String {
    let last = url.path().rsplit('/').find(|part| !part.is_empty()).or(url.host()).unwrap_or_default();
    let query = url.query().filter(|query| !query.is_empty());
    let text = query.map_or_else(|| last.into(), |query| format!("{last}_{query}"));
    let safe = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    let mut name: String = text.chars().map(safe).take(LONGEST).collect();
    // Rules out hidden files, `..`, and names that Windows takes for an option, a device or another name.
    if name.starts_with(['.', '-']) || name.is_empty() {
        name.replace_range(..name.len().min(1), "_");
    }
    if name.ends_with('.') {
        name.replace_range(name.len() - 1.., "_");
    }
    if is_device(&name) { format!("_{name}") } else { name }
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    match stem.as_str() {
        "con" | "prn" | "aux" | "nul" => true,
        _ => matches!(stem.as_bytes(), [b'c', b'o', b'm', b'0'..=b'9'] | [b'l', b'p', b't', b'0'..=b'9']),
    }
}

fn numbered(name: &str, number: usize) -> String {
    match (number, name.rsplit_once('.')) {
        (1, _) => name.into(),
        (_, Some((stem, extension))) if !stem.is_empty() => format!("{stem}-{number}.{extension}"),
        _ => format!("{name}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(urls: &[&str]) -> Vec<String> {
        names(&urls.iter().map(|url| url.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn a_name_is_the_end_of_the_path_or_the_host_and_the_query() {
        for (url, name) in [
            ("http://a.example/x/page.html", "page.html"),
            ("http://a.example/x/", "x"),
            ("http://a.example:8080", "a.example"),
            ("http://a.example/list?page=2&all", "list_page_2_all"),
            ("http://a.example/list?", "list"),
            ("http://a.example/a%20b", "a_20b"),
        ] {
            assert_eq!(of(&[url]), [name], "{url}");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_folder_or_hides() {
        for (url, name) in [
            ("http://a.example/..", "__"),
            ("http://a.example/../../etc/passwd", "passwd"),
            ("http://a.example/.", "_"),
            ("http://a.example/.ssh", "_ssh"),
            ("http://a.example/-rf", "_rf"),
            ("http://a.example/x?../../y", "x_.._.._y"),
            ("http://a.example/a%2f..%2fb", "a_2f.._2fb"),
            ("http://a.example/a:b", "a_b"),
            ("http://a.example/NUL.txt", "_NUL.txt"),
            ("http://a.example/com1", "_com1"),
            ("http://[::1]/", "___1_"),
        ] {
            let [found] = &of(&[url])[..] else { panic!() };
            assert!(!found.starts_with('.') && !found.ends_with('.') && !found.contains(['/', '\\', ':']), "{found}");
            assert_eq!(found, name, "{url}");
        }
        let long = format!("http://a.example/{}", "x".repeat(5000));
        assert_eq!(of(&[&long])[0].len(), LONGEST);
    }

    #[test]
    fn no_two_names_are_the_same_in_whatever_case() {
        let urls = ["http://a/x.gz", "http://b/X.gz", "http://a/x-2.gz", "http://a/x.gz", "http://a/y", "http://b/y"];
        assert_eq!(of(&urls), ["x.gz", "X-2.gz", "x-2-2.gz", "x-3.gz", "y", "y-2"]);
    }
}
