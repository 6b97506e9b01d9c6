//! The route table: a tree by path segments, with a handler for each method at its leaves.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use funkturm_base::Error;
use http::Method;

use super::{Reply, Request};

type Answer = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send>>;
pub(crate) type Handler = Arc<dyn Fn(Request) -> Answer + Send + Sync>;

/// Routes: patterns such as `/api/v1/channels/{id}`, methods and handlers. A last `{rest..}` takes whatever follows.
#[derive(Clone, Default)]
pub struct Routes {
    list: Vec<Route>,
}

#[derive(Clone)]
struct Route {
    method: Method,
    pattern: &'static str,
    handler: Handler,
}

impl Routes {
    /// No routes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route for GET, and with it HEAD.
    #[must_use]
    pub fn get<F, R>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        self.on(Method::GET, pattern, handler)
    }

    /// Adds a route for POST.
    #[must_use]
    pub fn post<F, R>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        self.on(Method::POST, pattern, handler)
    }

    /// Adds a route for PUT.
    #[must_use]
    pub fn put<F, R>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        self.on(Method::PUT, pattern, handler)
    }

    /// Adds a route for PATCH.
    #[must_use]
    pub fn patch<F, R>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        self.on(Method::PATCH, pattern, handler)
    }

    /// Adds a route for DELETE.
    #[must_use]
    pub fn delete<F, R>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        self.on(Method::DELETE, pattern, handler)
    }

    /// Adds a route for any method.
    #[must_use]
    pub fn on<F, R>(mut self, method: Method, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Error>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |request| Box::pin(handler(request)));
        self.list.push(Route { method, pattern, handler });
        self
    }

    /// These routes and the other ones; where both have the same, the other ones count.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.list.extend(other.list);
        self
    }

    /// The routes that do not begin with `prefix`.
    #[must_use]
    pub fn without_prefix(mut self, prefix: &str) -> Self {
        self.list.retain(|route| !route.pattern.starts_with(prefix));
        self
    }

    /// Every method and pattern, in order.
    pub fn patterns(&self) -> Vec<(Method, &'static str)> {
        self.list.iter().map(|route| (route.method.clone(), route.pattern)).collect()
    }

    /// The routes as a tree, ready to be searched.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::default();
        for route in &self.list {
            table.insert(route);
        }
        table
    }
}

/// Where the values of path parameters lie in the path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    names: Arc<[&'static str]>,
    // A path has few parameters, and most requests one or two: positions, not copies.
    values: Vec<(usize, usize)>,
}

impl Params {
    pub(crate) fn get<'p>(&self, name: &str, path: &'p str) -> Option<&'p str> {
        let index = self.names.iter().position(|one| *one == name)?;
        let (start, end) = *self.values.get(index)?;
        path.get(start..end)
    }
}

/// What a path leads to.
pub(crate) struct Leaf {
    pub(crate) pattern: &'static str,
    names: Arc<[&'static str]>,
    methods: Vec<(Method, Handler)>,
}

impl Leaf {
    pub(crate) fn handler(&self, method: &Method) -> Option<&Handler> {
        self.methods.iter().find(|(one, _)| one == method).map(|(_, handler)| handler)
    }

    /// The value of an Allow header.
    pub(crate) fn allow(&self) -> String {
        let mut methods: Vec<&str> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }
}

/// The tree.
#[derive(Default)]
pub(crate) struct Table {
    root: Node,
    leaves: Vec<Leaf>,
}

#[derive(Default)]
struct Node {
    fixed: BTreeMap<&'static str, Node>,
    any: Option<Box<Node>>,
    rest: Option<usize>,
    leaf: Option<usize>,
}

impl Table {
    fn insert(&mut self, route: &Route) {
        let mut names = Vec::new();
        let mut node = &mut self.root;
        let mut at_rest = false;
        for segment in route.pattern.trim_start_matches('/').split('/') {
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) => {
                    if let Some(name) = name.strip_suffix("..") {
                        names.push(name);
                        at_rest = true;
                        break;
                    }
                    names.push(name);
                    node = node.any.get_or_insert_default();
                }
                None => node = node.fixed.entry(segment).or_default(),
            }
        }
        let place = if at_rest { &mut node.rest } else { &mut node.leaf };
        let index = *place.get_or_insert(self.leaves.len());
        if index == self.leaves.len() {
            self.leaves.push(Leaf { pattern: route.pattern, names: names.into(), methods: Vec::new() });
        }
        if let Some(leaf) = self.leaves.get_mut(index) {
            leaf.methods.retain(|(method, _)| *method != route.method);
            leaf.methods.push((route.method.clone(), Arc::clone(&route.handler)));
        }
    }

    /// The leaf that a path leads to. Fixed segments win over parameters, parameters over the rest.
    pub(crate) fn find(&self, path: &str) -> Option<(&Leaf, Params)> {
        let mut values = Vec::with_capacity(4);
        let index = Self::walk(&self.root, path, 1.min(path.len()), &mut values)?;
        let leaf = self.leaves.get(index)?;
        Some((leaf, Params { names: Arc::clone(&leaf.names), values }))
    }

    fn walk(node: &Node, path: &str, start: usize, values: &mut Vec<(usize, usize)>) -> Option<usize> {
        let tail = path.get(start..)?;
        let end = tail.find('/').map_or(path.len(), |length| start + length);
        let segment = path.get(start..end)?;
        let known = values.len();
        let go = |next: &Node, values: &mut Vec<(usize, usize)>| {
            if end == path.len() { next.leaf } else { Self::walk(next, path, end + 1, values) }
        };
        if let Some(found) = node.fixed.get(segment).and_then(|next| go(next, values)) {
            return Some(found);
        }
        if let Some(next) = node.any.as_deref().filter(|_| !segment.is_empty()) {
            values.push((start, end));
            if let Some(found) = go(next, values) {
                return Some(found);
            }
            values.truncate(known);
        }
        node.rest.inspect(|_| values.push((start, path.len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(patterns: &[&'static str]) -> Table {
        let mut routes = Routes::new();
        for pattern in patterns {
            routes = routes.get(pattern, |_| async { Ok(Reply::default()) });
        }
        routes.table()
    }

    #[test]
    fn a_path_leads_to_the_most_exact_pattern() {
        let table = table(&["/", "/a", "/a/{id}", "/a/import", "/a/{id}/logo", "/f/{file..}", "/{name}"]);
        for (path, expected) in [
            ("/", Some("/")),
            ("/a", Some("/a")),
            ("/a/7", Some("/a/{id}")),
            ("/a/import", Some("/a/import")),
            ("/a/import/logo", Some("/a/{id}/logo")),
            ("/f/x/y/z.js", Some("/f/{file..}")),
            ("/other", Some("/{name}")),
            ("/a/", None),
            ("/a/7/", None),
            ("/a/7/logo/more", None),
            ("/other/x", None),
            ("", Some("/")),
        ] {
            assert_eq!(table.find(path).map(|(leaf, _)| leaf.pattern), expected, "{path}");
        }
    }

    #[test]
    fn parameters_are_where_the_pattern_says() {
        let table = table(&["/hls/{token}/{channel}/{rest..}"]);
        let path = "/hls/open/das%20erste/v0/7.m4s";
        let (_, params) = table.find(path).unwrap();
        assert_eq!(params.get("token", path), Some("open"));
        assert_eq!(params.get("channel", path), Some("das%20erste"));
        assert_eq!(params.get("rest", path), Some("v0/7.m4s"));
        assert_eq!(params.get("other", path), None);
    }
}
