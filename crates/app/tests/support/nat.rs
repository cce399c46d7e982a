//! A router with address translation, made of network namespaces: our machine on one side of it,
//! a peer on the other. Needs root, `ip` and `nft` (Debian's iproute2 and nftables).

use super::netns::{self, ip};

/// Which side of the router has addresses that the other one cannot reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// Who we call.
    Peer,
    /// We.
    Us,
}

/// The router and what hangs on it; all of it goes when this is dropped.
pub struct Router {
    id: String,
    hidden: Hidden,
    /// First three numbers and the start of the last one: the near net and the far one.
    nets: [[u8; 4]; 2],
}

impl Router {
    /// One that hides this side; none, and says so, where no network namespaces can be made.
    pub fn make(hidden: Hidden) -> Option<Self> {
        // Nets of four addresses, of their own for each side hidden in each process.
        let net = (std::process::id() * 2 + u32::from(hidden == Hidden::Us)) * 4;
        let [_, _, a, b] = net.to_be_bytes();
        let nets = [[10, 78, a, b], [198, 18 + (a & 1), a, b]];
        let id = format!("{}{}", std::process::id(), if hidden == Hidden::Us { 'u' } else { 'p' });
        let made = Self { id, hidden, nets };
        if !netns::made(&made.name("r")) {
            return None;
        }
        made.build().expect("a router");
        Some(made)
    }

    fn build(&self) -> Result<(), String> {
        let (router, far, id) = (self.name("r"), self.name("f"), &self.id);
        assert!(netns::made(&far), "one namespace could be made, a second one not");
        ip(&format!("link add n{id} type veth peer name near netns {router}"))?;
        ip(&format!("-n {router} link add far type veth peer name far netns {far}"))?;
        let (us, near) = (self.address(0, 1), self.address(0, 2));
        let (out, peer) = (self.address(1, 1), self.address(1, 2));
        ip(&format!("addr add {us}/30 dev n{id}"))?;
        ip(&format!("link set n{id} up"))?;
        for (name, link, address) in
            [(&router, "near", &near), (&router, "far", &out), (&far, "far", &peer)]
        {
            ip(&format!("-n {name} addr add {address}/30 dev {link}"))?;
            ip(&format!("-n {name} link set {link} up"))?;
            ip(&format!("-n {name} link set lo up"))?;
        }
        self.inside(&["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])?;
        self.rule("add table ip nat")?;
        self.rule("add chain ip nat in { type nat hook prerouting priority -100 ; }")?;
        self.rule("add chain ip nat out { type nat hook postrouting priority 100 ; }")?;
        match self.hidden {
            Hidden::Peer => {
                // What is sent to the hidden address all the same shall not leave this machine.
                ip(&format!("route add unreachable {}/30", self.address(1, 0)))?;
                ip(&format!("-n {far} route add {}/30 via {out}", self.address(0, 0)))?;
                self.rule("add rule ip nat out oifname near masquerade")
            }
            Hidden::Us => {
                ip(&format!("route add {}/30 via {near}", self.address(1, 0)))?;
                self.rule("add rule ip nat out oifname far masquerade")
            }
        }
    }

    fn rule(&self, rule: &str) -> Result<(), String> {
        let done = self.inside(&["nft", rule]);
        done.map_err(|why| match why.contains("exec of \"nft\" failed") {
            true => format!("install the Debian package nftables ({why})"),
            false => why,
        })
    }

    /// Runs a program on the router.
    fn inside(&self, command: &[&str]) -> Result<(), String> {
        let name = self.name("r");
        netns::run("ip", "iproute2", &[&["netns", "exec", &name], command].concat())
    }

    /// Lets in what is for these ports of the router's visible address: `udp dport 5060`.
    pub fn forward(&self, what: &str) -> Result<(), String> {
        let (link, to) = match self.hidden {
            Hidden::Peer => ("near", self.peer()),
            Hidden::Us => ("far", self.us()),
        };
        self.rule(&format!("add rule ip nat in iifname {link} {what} dnat to {to}"))
    }

    /// Our own address.
    pub fn us(&self) -> String {
        self.address(0, 1)
    }

    /// The peer's own address.
    pub fn peer(&self) -> String {
        self.address(1, 2)
    }

    /// What the side that is not hidden sees instead.
    pub fn visible(&self) -> String {
        match self.hidden {
            Hidden::Peer => self.address(0, 2),
            Hidden::Us => self.address(1, 1),
        }
    }

    /// The namespace of the peer.
    pub fn there(&self) -> String {
        self.name("f")
    }

    fn name(&self, which: &str) -> String {
        format!("waihu{which}{}", self.id)
    }

    fn address(&self, net: usize, n: u8) -> String {
        let [a, b, c, d] = self.nets[net];
        format!("{a}.{b}.{c}.{}", d + n)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let _ = ip(&format!("route del unreachable {}/30", self.address(1, 0)));
        let _ = ip(&format!("link del n{}", self.id));
        for name in [self.name("f"), self.name("r")] {
            let _ = ip(&format!("netns del {name}"));
        }
    }
}
