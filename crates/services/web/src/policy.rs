//! What a browser may do with our pages, said in headers that go with every answer.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The headers, ready to be added.
pub(crate) struct Policy {
    content_security: HeaderValue,
}

/// What never differs.
const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // A channel's address is nobody else's business.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

impl Policy {
    /// A policy under which media and pictures may also come from `hosts`.
    pub(crate) fn new(hosts: &[String]) -> anyhow::Result<Self> {
        let hosts: String = hosts.iter().map(|host| format!(" {host}")).collect();
        // The player hands media to the browser as blob:; the console previews a chosen logo as data:.
        let directives = [
            "default-src 'self'".to_owned(),
            format!("connect-src 'self'{hosts}"),
            format!("media-src 'self' blob:{hosts}"),
            format!("img-src 'self' data:{hosts}"),
            "worker-src 'self' blob:".to_owned(),
            "object-src 'none'".to_owned(),
            "base-uri 'none'".to_owned(),
            "form-action 'none'".to_owned(),
            "frame-ancestors 'none'".to_owned(),
        ];
        Ok(Self { content_security: HeaderValue::try_from(directives.join("; "))? })
    }

    /// Adds them.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_SECURITY_POLICY, self.content_security.clone());
        for (name, value) in FIXED {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
