//! The route table: a tree by path segments, with a handler for each method at its leaves.

use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use funkturm_base::Error;
use http::Method;

use super::{
    Reply, Request,
    door::Door,
    meters::{Meter, Meters},
};

type Answer = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send>>;
type Now = dyn Fn(&Request) -> Result<Reply, Error> + Send + Sync;
type Later = dyn Fn(Request) -> Answer + Send + Sync;

/// What answers the requests of a route.
#[derive(Clone)]
pub(crate) enum Handler {
    /// Out of memory, without waiting for anything.
    Now(Arc<Now>),
    /// In its own time.
    Later(Arc<Later>),
}

/// Routes: patterns such as `/api/v1/channels/{id}`, methods and handlers. A last `{rest..}` takes whatever
/// follows.
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

    /// Adds a route for GET, and with it HEAD, whose answers lie ready in memory: without the futures, and the
    /// moves of the request into them, that [`Self::get`] costs.
    #[must_use]
    pub fn get_now<F>(mut self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(&Request) -> Result<Reply, Error> + Send + Sync + 'static,
    {
        self.list.push(Route { method: Method::GET, pattern, handler: Handler::Now(Arc::new(handler)) });
        self
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
        let handler = Handler::Later(Arc::new(move |request| Box::pin(handler(request))));
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
    pub(crate) fn table(&self, meters: &Meters) -> Table {
        let mut table = Table::default();
        for route in &self.list {
            table.insert(route, meters);
        }
        table
    }
}

/// Path parameters of a pattern: more are not looked up.
const MOST_PARAMS: usize = 8;

/// Where the values of path parameters lie in the path: positions, not copies. A path is shorter than 64 KiB
/// (`http`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Params {
    names: Option<Arc<[&'static str]>>,
    places: [(u16, u16); MOST_PARAMS],
    count: usize,
}

impl Params {
    /// The value of a parameter as it was sent.
    pub(crate) fn get<'p>(&self, name: &str, path: &'p str) -> Option<&'p str> {
        let index = self.names.as_ref()?.iter().position(|one| *one == name)?;
        let (start, end) = *self.places.get(..self.count)?.get(index)?;
        path.get(start.into()..end.into())
    }

    fn push(&mut self, start: usize, end: usize) {
        let place = (u16::try_from(start).unwrap_or(u16::MAX), u16::try_from(end).unwrap_or(u16::MAX));
        if let Some(free) = self.places.get_mut(self.count) {
            *free = place;
            self.count += 1;
        }
    }
}

/// A handler with what is known about it before any request comes.
pub(crate) struct Endpoint {
    pub(crate) method: Method,
    pub(crate) pattern: &'static str,
    names: Arc<[&'static str]>,
    pub(crate) door: Door,
    pub(crate) meter: Meter,
    pub(crate) handler: Handler,
}

/// The names of a pattern's parameters, in order.
fn names(pattern: &'static str) -> Arc<[&'static str]> {
    let braced = pattern.split('{').skip(1).filter_map(|tail| tail.split('}').next());
    braced.map(|name| name.trim_end_matches("..")).collect()
}

/// What a path leads to: an endpoint for each method.
#[derive(Default)]
pub(crate) struct Leaf(Vec<Arc<Endpoint>>);

impl Leaf {
    pub(crate) fn endpoint(&self, method: &Method) -> Option<&Arc<Endpoint>> {
        self.0.iter().find(|endpoint| endpoint.method == method)
    }

    /// The value of an Allow header.
    pub(crate) fn allow(&self) -> String {
        let mut methods: Vec<&str> = self.0.iter().map(|endpoint| endpoint.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.push("OPTIONS");
        methods.join(", ")
    }
}

/// The tree.
#[derive(Default)]
pub(crate) struct Table(Node);

#[derive(Default)]
struct Node {
    fixed: BTreeMap<&'static str, Node>,
    any: Option<Box<Node>>,
    rest: Option<Leaf>,
    leaf: Option<Leaf>,
}

impl Table {
    fn insert(&mut self, route: &Route, meters: &Meters) {
        let mut node = &mut self.0;
        let mut at_rest = false;
        for segment in route.pattern.trim_start_matches('/').split('/') {
            node = match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(name) if name.ends_with("..") => {
                    at_rest = true;
                    break;
                }
                Some(_) => node.any.get_or_insert_default(),
                None => node.fixed.entry(segment).or_default(),
            }
        }
        let leaf = if at_rest { &mut node.rest } else { &mut node.leaf }.get_or_insert_default();
        leaf.0.retain(|endpoint| endpoint.method != route.method);
        leaf.0.push(Arc::new(Endpoint {
            method: route.method.clone(),
            pattern: route.pattern,
            names: names(route.pattern),
            door: Door::of(route.pattern),
            meter: meters.of(&route.method, route.pattern),
            handler: route.handler.clone(),
        }));
    }

    /// The leaf that a path leads to. Fixed segments win over parameters, parameters over the rest.
    pub(crate) fn find(&self, path: &str) -> Option<(&Leaf, Params)> {
        let mut params = Params::default();
        let leaf = Self::walk(&self.0, path, 1.min(path.len()), &mut params)?;
        Some((leaf, params))
    }

    fn walk<'t>(node: &'t Node, path: &str, start: usize, params: &mut Params) -> Option<&'t Leaf> {
        let tail = path.get(start..)?;
        // Byte by byte: segments are too short for a search to be worth preparing.
        let end = tail.bytes().position(|byte| byte == b'/').map_or(path.len(), |length| start + length);
        let segment = path.get(start..end)?;
        let known = params.count;
        let go = |next: &'t Node, params: &mut Params| {
            if end == path.len() { next.leaf.as_ref() } else { Self::walk(next, path, end + 1, params) }
        };
        if let Some(found) = node.fixed.get(segment).and_then(|next| go(next, params)) {
            return Some(found);
        }
        if let Some(next) = node.any.as_deref().filter(|_| !segment.is_empty()) {
            params.push(start, end);
            if let Some(found) = go(next, params) {
                return Some(found);
            }
        }
        params.count = known;
        node.rest.as_ref().inspect(|_| params.push(start, path.len()))
    }
}

impl Params {
    /// The same places under the names of an endpoint: each method of a path may have its own.
    #[must_use]
    pub(crate) fn of(mut self, endpoint: &Endpoint) -> Self {
        self.names = Some(Arc::clone(&endpoint.names));
        self
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
        routes.table(&Meters::new(&prometheus::Registry::new()))
    }

    fn find(table: &Table, path: &str) -> Option<(&'static str, Params)> {
        let (leaf, params) = table.find(path)?;
        let endpoint = leaf.endpoint(&Method::GET)?;
        Some((endpoint.pattern, params.of(endpoint)))
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
            assert_eq!(find(&table, path).map(|(pattern, _)| pattern), expected, "{path}");
        }
    }

    #[test]
    fn parameters_are_where_the_pattern_says() {
        let table = table(&["/hls/{token}/{channel}/{rest..}"]);
        let path = "/hls/open/das%20erste/v0/7.m4s";
        let (_, params) = find(&table, path).unwrap();
        assert_eq!(params.get("token", path), Some("open"));
        assert_eq!(params.get("channel", path), Some("das%20erste"));
        assert_eq!(params.get("rest", path), Some("v0/7.m4s"));
        assert_eq!(params.get("other", path), None);
    }

    #[test]
    fn a_way_that_leads_nowhere_leaves_no_parameters_behind() {
        let table = table(&["/{a}/{b}/end", "/{rest..}"]);
        let (pattern, params) = find(&table, "/1/2/3").unwrap();
        assert_eq!((pattern, params.get("rest", "/1/2/3")), ("/{rest..}", Some("1/2/3")));
    }

    #[test]
    fn each_method_has_its_own_names_for_parameters() {
        let answer = |_| async { Ok(Reply::default()) };
        let routes = Routes::new().get("/a/{id}", answer).put("/a/{name}", answer);
        let table = routes.table(&Meters::new(&prometheus::Registry::new()));
        let (leaf, params) = table.find("/a/7").unwrap();
        let named = |method, name| params.clone().of(leaf.endpoint(&method).unwrap()).get(name, "/a/7");
        assert_eq!((named(Method::GET, "id"), named(Method::PUT, "name")), (Some("7"), Some("7")));
        assert_eq!(named(Method::PUT, "id"), None);
    }
}
