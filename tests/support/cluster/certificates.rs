//! The certificates of a test cluster: one authority, the server's certificate, and one for every user, whose common
//! name and organisation are the user's name and group to Kubernetes. Valid until the year 4096, known to nobody.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

use super::ClusterError;

/// A certificate and its key, as files.
pub(super) struct Identity {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// Issues the certificates of one cluster into one folder.
pub(super) struct Authority {
    folder: PathBuf,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn create(folder: &Path) -> Result<Self, ClusterError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named("kpbuild-test-authority", None);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        let issuer = CertifiedIssuer::self_signed(params, new_key())
            .expect("parameters of our own are signable");
        let authority = Self {
            folder: folder.to_owned(),
            issuer,
        };
        write(&authority.certificate(), &authority.issuer.pem())?;
        Ok(authority)
    }

    /// The file with the authority's own certificate.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.join("authority.crt")
    }

    pub(super) fn server(&self) -> Result<Identity, ClusterError> {
        let names = [
            "127.0.0.1",
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
        ];
        let mut params = CertificateParams::new(names.map(str::to_owned))
            .expect("names of our own are valid in certificates");
        params.distinguished_name = named("kube-apiserver", None);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue("server", &params)
    }

    pub(super) fn user(&self, name: &str, group: Option<&str>) -> Result<Identity, ClusterError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name, group);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&format!("user-{}", name.replace(['/', ':'], "-")), &params)
    }

    fn issue(&self, file: &str, params: &CertificateParams) -> Result<Identity, ClusterError> {
        let key = new_key();
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("parameters of our own are signable");
        let identity = Identity {
            certificate: self.folder.join(format!("{file}.crt")),
            key: self.folder.join(format!("{file}.key")),
        };
        write(&identity.certificate, &certificate.pem())?;
        write(&identity.key, &key.serialize_pem())?;
        Ok(identity)
    }
}

/// The key pair that signs service account tokens: the public half first.
pub(super) fn service_account_keys(folder: &Path) -> Result<(PathBuf, PathBuf), ClusterError> {
    let key = new_key();
    let (public, private) = (
        folder.join("service-accounts.pub"),
        folder.join("service-accounts.key"),
    );
    write(&public, &key.public_key_pem())?;
    write(&private, &key.serialize_pem())?;
    Ok((public, private))
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the system has randomness")
}

fn named(name: &str, group: Option<&str>) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    if let Some(group) = group {
        distinguished.push(DnType::OrganizationName, group);
    }
    distinguished
}

fn write(path: &Path, text: &str) -> Result<(), ClusterError> {
    fs::write(path, text).map_err(|source| ClusterError::Io {
        attempt: "write",
        path: path.to_owned(),
        source,
    })
}
