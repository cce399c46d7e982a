//! The fences of `deny.toml`, held against `Cargo.lock`: who may depend on whose crate.
//!
//! `cargo deny check bans` reads the same lines and says the same; here they hold on machines
//! that do not have it.

use super::finding::Finding;

struct Fence {
    /// The package behind the fence.
    package: String,
    /// Who may depend on it directly; nobody if absent.
    wrappers: Vec<String>,
    reason: String,
}

struct Package {
    name: String,
    dependencies: Vec<String>,
}

/// Every direct dependency that crosses a fence.
pub fn check(deny: &str, lock: &str) -> Result<Vec<Finding>, toml::de::Error> {
    let fences = fences(&deny.parse()?);
    let packages = packages(&lock.parse()?);
    let mut out = Vec::new();
    for fence in &fences {
        for package in &packages {
            let allowed = fence.wrappers.contains(&package.name);
            if allowed || !package.dependencies.contains(&fence.package) {
                continue;
            }
            let (name, who) = (&fence.package, &package.name);
            let what = format!(
                "`{who}` depends on `{name}`, which is fenced ({}); go through {}",
                fence.reason,
                match fence.wrappers.first() {
                    Some(owner) => format!("`{owner}`"),
                    None => "something else".to_owned(),
                }
            );
            out.push(Finding::new("deny.toml", line_of(deny, name), "fences", what));
        }
    }
    Ok(out)
}

fn fences(deny: &toml::Table) -> Vec<Fence> {
    let entries = deny.get("bans").and_then(|b| b.get("deny")?.as_array());
    let fence = |entry: &toml::Value| {
        let reason = entry.get("reason").and_then(toml::Value::as_str);
        Some(Fence {
            package: entry.get("crate")?.as_str()?.to_owned(),
            wrappers: strings(entry.get("wrappers")),
            reason: reason.unwrap_or("no reason given").to_owned(),
        })
    };
    entries.into_iter().flatten().filter_map(fence).collect()
}

fn packages(lock: &toml::Table) -> Vec<Package> {
    let entries = lock.get("package").and_then(toml::Value::as_array);
    let package = |entry: &toml::Value| {
        // With two versions in the tree a dependency is written `name version`.
        let names = strings(entry.get("dependencies")).into_iter();
        let first = |d: String| d.split(' ').next().map(str::to_owned);
        Some(Package {
            name: entry.get("name")?.as_str()?.to_owned(),
            dependencies: names.filter_map(first).collect(),
        })
    };
    entries.into_iter().flatten().filter_map(package).collect()
}

fn strings(value: Option<&toml::Value>) -> Vec<String> {
    let items = value.and_then(toml::Value::as_array).into_iter().flatten();
    items.filter_map(|v| v.as_str().map(str::to_owned)).collect()
}

fn line_of(deny: &str, package: &str) -> usize {
    let quoted = format!("crate = \"{package}\"");
    deny.lines().position(|l| l.contains(&quoted)).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = "[bans]\ndeny = [\n\
        { crate = \"sqlx\", wrappers = [\"store\"], reason = \"one place\" },\n\
        { crate = \"openssl-sys\", reason = \"rustls\" },\n]\n";

    fn check_lock(name: &str, dependencies: &str, messages: &[&str]) {
        let lock = format!("[[package]]\nname = \"{name}\"\ndependencies = [{dependencies}]\n");
        let found = check(DENY, &lock).unwrap();
        let texts: Vec<String> = found.iter().map(Finding::to_string).collect();
        assert_eq!(texts, messages, "{name} {dependencies}");
    }

    #[test]
    fn the_projects_own_fences_are_read() {
        let deny = include_str!("../../../deny.toml");
        let lock = |who| format!("[[package]]\nname = \"{who}\"\ndependencies = [\"sqlx\"]\n");
        assert_eq!(check(deny, &lock("store")).unwrap().len(), 0);
        assert_eq!(check(deny, &lock("engine")).unwrap().len(), 1);
    }

    #[test]
    fn only_wrappers_pass_a_fence() {
        check_lock("store", "\"sqlx\"", &[]);
        check_lock("engine", "\"sqlx-core\"", &[]);
        let sqlx = "deny.toml:3: fences: `engine` depends on `sqlx`, which is fenced \
                    (one place); go through `store`";
        check_lock("engine", "\"sqlx\"", &[sqlx]);
        check_lock("engine", "\"sqlx 0.9.0\"", &[sqlx]);
        let tls = "deny.toml:4: fences: `native-tls` depends on `openssl-sys`, which is fenced \
                   (rustls); go through something else";
        check_lock("native-tls", "\"openssl-sys\"", &[tls]);
    }
}
