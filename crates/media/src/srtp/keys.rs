//! Session keys from a master key (RFC 3711 section 4.3), and what is done with them.

use aes::Aes128;
use aes::cipher::{InnerIvInit, KeyInit, StreamCipher};
use ctr::{Ctr128BE, CtrCore};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::MasterKey;

type Keystream<'a> = Ctr128BE<&'a Aes128>;

/// Cipher, salt and authentication of one direction, for RTP or for RTCP.
#[derive(Clone)]
pub(super) struct SessionKeys {
    cipher: Aes128,
    salt: [u8; 14],
    mac: Hmac<Sha1>,
}

impl SessionKeys {
    /// For RTP (labels 0–2).
    pub fn for_rtp(master: &MasterKey) -> Self {
        Self::derive(master, 0)
    }
    /// For RTCP (labels 3–5).
    pub fn for_rtcp(master: &MasterKey) -> Self {
        Self::derive(master, 3)
    }

    fn derive(master: &MasterKey, first_label: u8) -> Self {
        let (mut key, mut master_salt) = ([0; 16], [0; 14]);
        key.copy_from_slice(&master.0[..16]);
        master_salt.copy_from_slice(&master.0[16..]);
        let cipher = Aes128::new(&key.into());
        let derived = |label: u8, out: &mut [u8]| {
            let mut iv = [0; 16];
            iv[..14].copy_from_slice(&master_salt);
            iv[7] ^= label;
            stream(&cipher, iv, out);
        };
        let (mut session, mut auth, mut salt) = ([0; 16], [0; 20], [0; 14]);
        derived(first_label, &mut session);
        derived(first_label + 1, &mut auth);
        derived(first_label + 2, &mut salt);
        // Keys of any length are taken; a mistake here would fail every packet, not pass one.
        let mac = <Hmac<Sha1> as Mac>::new_from_slice(&auth)
            .unwrap_or_else(|_| <Hmac<Sha1> as KeyInit>::new(&Default::default()));
        Self { cipher: Aes128::new(&session.into()), salt, mac }
    }

    /// Encrypts or decrypts in place (RFC 3711 section 4.1.1).
    pub fn crypt(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (place, byte) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *place ^= byte;
        }
        for (place, byte) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *place ^= byte;
        }
        stream(&self.cipher, iv, data);
    }

    /// The tag over `data` and what stands for the index.
    pub fn tag(&self, data: &[u8], index: &[u8; 4], out: &mut [u8]) {
        let whole = self.mac_of(data, index).finalize().into_bytes();
        let len = out.len();
        out.copy_from_slice(&whole[..len]);
    }

    /// Whether a tag is right, without telling by time where it is wrong.
    pub fn verify(&self, data: &[u8], index: &[u8; 4], tag: &[u8]) -> bool {
        self.mac_of(data, index).verify_truncated_left(tag).is_ok()
    }

    fn mac_of(&self, data: &[u8], index: &[u8; 4]) -> Hmac<Sha1> {
        let mut mac = self.mac.clone();
        mac.update(data);
        mac.update(index);
        mac
    }
}

fn stream(cipher: &Aes128, iv: [u8; 16], data: &mut [u8]) {
    let core = CtrCore::inner_iv_init(cipher, &iv.into());
    // The counter's low 16 bits are free: a megabyte of keystream, far above any datagram.
    Keystream::from_core(core).apply_keystream(data);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn keys_derive_as_in_appendix_b_3() {
        let master = hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
        let keys = SessionKeys::for_rtp(&MasterKey(master.try_into().unwrap()));
        assert_eq!(keys.salt[..], hex("30cbbc08863d8c85d49db34a9ae1")[..]);
        let mut zeros = [0; 16];
        let cipher = Aes128::new_from_slice(&hex("c61e7a93744f39ee10734afe3ff7a087")).unwrap();
        let mut same = [0; 16];
        stream(&keys.cipher, [7; 16], &mut zeros);
        stream(&cipher, [7; 16], &mut same);
        assert_eq!(zeros, same);
        let auth = hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4");
        let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(&auth).unwrap();
        mac.update(b"text\0\0\0\x07");
        assert!(keys.verify(b"text", &[0, 0, 0, 7], &mac.finalize().into_bytes()));
    }

    #[test]
    fn the_keystream_is_that_of_appendix_b_2() {
        let cipher = Aes128::new_from_slice(&hex("2b7e151628aed2a6abf7158809cf4f3c")).unwrap();
        let mut iv = [0; 16];
        iv.copy_from_slice(&hex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000"));
        let mut out = [0; 32];
        stream(&cipher, iv, &mut out);
        let want = hex("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab");
        assert_eq!(out[..], want[..]);
    }
}
