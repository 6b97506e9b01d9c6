//! The viewers' web app and the operators' console.
