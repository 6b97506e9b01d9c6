//! Where objects are, in configuration files.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where objects are kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Config {
    /// In a directory on this machine, named by its absolute path; it is made if it is not there.
    Directory(PathBuf),
    /// In an S3.
    S3(S3Config),
}

/// A bucket in an S3.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// The bucket's name.
    pub bucket: String,
    /// What all keys begin with, without a slash at the end; empty for nothing.
    #[serde(default)]
    pub prefix: String,
    /// The region; for stores other than AWS whatever they call theirs.
    #[serde(default = "frankfurt")]
    pub region: String,
    /// The URL of a store other than AWS.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The file with the access key's id.
    pub access_key_id_file: PathBuf,
    /// The file with the secret access key.
    pub secret_access_key_file: PathBuf,
    /// The AWS regions that data may lie in.
    #[serde(default = "only_frankfurt")]
    pub allowed_regions: Vec<String>,
}

fn frankfurt() -> String {
    "eu-central-1".to_owned()
}

fn only_frankfurt() -> Vec<String> {
    vec![frankfurt()]
}

impl Config {
    /// Checks what can be checked without reaching anything.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Directory(path) if path.is_relative() => {
                Err(format!("the directory for objects must be an absolute path, not {}", path.display()))
            }
            Self::Directory(_) => Ok(()),
            Self::S3(config) => config.check(),
        }
    }
}

impl S3Config {
    fn check(&self) -> Result<(), String> {
        if !self.prefix.is_empty() && self.prefix.parse::<crate::Key>().is_err() {
            return Err(format!("the prefix for objects cannot begin a key: {:?}", self.prefix));
        }
        let Self { region, endpoint, allowed_regions, .. } = self;
        if !self.is_aws() {
            return Ok(());
        }
        if !allowed_regions.contains(region) {
            return Err(format!(
                "the region {region} is not among the allowed ones ({})",
                allowed_regions.join(", ")
            ));
        }
        match endpoint {
            Some(endpoint) if !endpoint.contains(&format!(".{region}.amazonaws.com")) => {
                Err(format!("the endpoint {endpoint} is not one of the region {region}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether this is AWS' own S3, where a region is a place.
    pub(crate) fn is_aws(&self) -> bool {
        self.endpoint.as_ref().is_none_or(|endpoint| endpoint.contains(".amazonaws.com"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(rest: &str) -> Config {
        let text =
            format!("[s3]\nbucket = 'b'\naccess_key_id_file = '/a'\nsecret_access_key_file = '/b'\n{rest}");
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn data_stays_in_the_allowed_regions() {
        for allowed in [
            "",
            "endpoint = 'https://s3.eu-central-1.amazonaws.com'",
            "region = 'garage'\nendpoint = 'http://10.0.0.1:3900'",
            "region = 'eu-west-1'\nallowed_regions = ['eu-west-1']",
        ] {
            assert_eq!(config(allowed).check(), Ok(()), "{allowed}");
        }
        for refused in [
            "region = 'us-east-1'",
            "endpoint = 'https://s3.us-east-1.amazonaws.com'",
            "endpoint = 'https://s3.amazonaws.com'",
            "prefix = '../other'",
        ] {
            assert!(config(refused).check().is_err(), "{refused}");
        }
    }

    #[test]
    fn a_directory_is_named_by_its_absolute_path() {
        let config: Config = toml::from_str("directory = 'objects'").unwrap();
        assert!(config.check().is_err());
    }
}
