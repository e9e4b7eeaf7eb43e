/*
 * What http.*, hosting.*, hep.* and `clients` may be, and all that is said about what they are.
 */
#include "tests/check.h"
#include "tests/unit/confkit.h"

#include <stdlib.h>

/* clang-format off */
static const struct {
	const char *yaml, *why;
} refused[] = {
	{ "http: {listen: [\"127.0.0.1:8080\"]}\n",
	  "c:1:17: http.listen: \"127.0.0.1:8080\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"udp:127.0.0.1:8080\"]}\n",
	  "c:1:17: http.listen: \"udp:127.0.0.1:8080\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"http:localhost:8080\"]}\n",
	  "c:1:17: http.listen: \"http:localhost:8080\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"http:127.0.0.1\"]}\n",
	  "c:1:17: http.listen: \"http:127.0.0.1\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"http://127.0.0.1:8080\"]}\n",
	  "c:1:17: http.listen: \"http://127.0.0.1:8080\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"http:127.0.0.1:65536\"]}\n",
	  "c:1:17: http.listen: \"http:127.0.0.1:65536\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"HTTP:127.0.0.1:8080\"]}\n",
	  "c:1:17: http.listen: \"HTTP:127.0.0.1:8080\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"https:\"]}\n",
	  "c:1:17: http.listen: \"https:\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"http:::1:8080\"]}\n",
	  "c:1:17: http.listen: \"http:::1:8080\" is no listener; allowed: http: or https:ADDRESS:PORT, such as http:127.0.0.1:8080 or https:[2001:db8::1]:8443" },
	{ "http: {listen: [\"https:127.0.0.1:8443\"]}\n",
	  "c:1:17: http.listen: \"https:127.0.0.1:8443\" needs http.certificate and http.key" },
	{ "http: {listen: [\"https:127.0.0.1:8443\"], certificate: c}\n",
	  "c:1:17: http.listen: \"https:127.0.0.1:8443\" needs http.certificate and http.key" },
	{ "http: {listen: [\"http:127.0.0.1:8080\", \"http:127.0.0.1:8080\"], apis: []}\n",
	  "c:1:40: http.listen: \"http:127.0.0.1:8080\" and \"http:127.0.0.1:8080\" of http.listen cannot be listened on together" },
	{ "http: {listen: [\"http:127.0.0.1:8080\", \"https:127.0.0.1:8080\"], certificate: c, key: k, apis: []}\n",
	  "c:1:40: http.listen: \"https:127.0.0.1:8080\" and \"http:127.0.0.1:8080\" of http.listen cannot be listened on together" },
	{ "http: {listen: [\"http:0.0.0.0:8080\", \"http:127.0.0.1:8080\"], apis: []}\n",
	  "c:1:38: http.listen: \"http:127.0.0.1:8080\" and \"http:0.0.0.0:8080\" of http.listen cannot be listened on together" },
	{ "http: {listen: [\"http:127.0.0.1:5060\"], apis: []}\n",
	  "c:1:17: http.listen: \"http:127.0.0.1:5060\" and \"udp:127.0.0.1:5060\" of sip.listen cannot be listened on together" },
	{ "http: {listen: [\"http:[::1]:5061\"], apis: []}\nsip: {listen: [\"tcp:[::]:5061\"]}\n",
	  "c:1:17: http.listen: \"http:[::1]:5061\" and \"tcp:[::]:5061\" of sip.listen cannot be listened on together" },
	{ "http: {listen: [\"http:0.0.0.0:8060\"], apis: []}\n",
	  "c: http.health: \"127.0.0.1:8060\" and \"http:0.0.0.0:8060\" of http.listen cannot be listened on together" },
	{ "http: {health: \"127.0.0.1:5060\"}\n",
	  "c:1:16: http.health: \"127.0.0.1:5060\" and \"udp:127.0.0.1:5060\" of sip.listen cannot be listened on together" },
	{ "http: {health: \"192.0.2.1:8060\"}\n",
	  "c:1:16: http.health: \"192.0.2.1:8060\" is no loopback address with a port; allowed: such as 127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by http.listen" },
	{ "http: {health: \"0.0.0.0:8060\"}\n",
	  "c:1:16: http.health: \"0.0.0.0:8060\" is no loopback address with a port; allowed: such as 127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by http.listen" },
	{ "http: {health: \"[::]:8060\"}\n",
	  "c:1:16: http.health: \"[::]:8060\" is no loopback address with a port; allowed: such as 127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by http.listen" },
	{ "http: {health: \"127.0.0.1\"}\n",
	  "c:1:16: http.health: \"127.0.0.1\" is no loopback address with a port; allowed: such as 127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by http.listen" },
	{ "http: {health: \"localhost:8060\"}\n",
	  "c:1:16: http.health: \"localhost:8060\" is no loopback address with a port; allowed: such as 127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by http.listen" },
	{ "http: {health: \"http:127.0.0.1:8060\"}\n",
	  "c:1:16: http.health: \"http:127.0.0.1:8060\" is no loopback address with a port; allowed: such as 127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by http.listen" },
	{ "http: {health: \"[2001:db8::1]:8060\"}\n",
	  "c:1:16: http.health: \"[2001:db8::1]:8060\" is no loopback address with a port; allowed: such as 127.0.0.1:8060 or [::1]:8060, and \"\" for none; others reach it by http.listen" },
	{ "http: {clients: required}\n",
	  "c:1:17: http.clients: \"required\" needs http.client-ca, the roots of their certificates" },
	{ "http: {clients: asked}\n",
	  "c:1:17: http.clients: \"asked\" needs http.client-ca, the roots of their certificates" },
	{ "http: {viewer-keys: [\"secret\"]}\n",
	  "c:1:22: http.viewer-keys: is no hash of a key; allowed: sha256: and 64 hexadecimal digits, as `shaken key` prints them" },
	{ "http: {viewer-keys: [\"sha256:12\"]}\n",
	  "c:1:22: http.viewer-keys: is no hash of a key; allowed: sha256: and 64 hexadecimal digits, as `shaken key` prints them" },
	{ "http: {viewer-keys: [\"sha1:0000000000000000000000000000000000000000000000000000000000000000\"]}\n",
	  "c:1:22: http.viewer-keys: is no hash of a key; allowed: sha256: and 64 hexadecimal digits, as `shaken key` prints them" },
	{ "http: {viewer-keys: [\"sha256:gggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggggg\"]}\n",
	  "c:1:22: http.viewer-keys: is no hash of a key; allowed: sha256: and 64 hexadecimal digits, as `shaken key` prints them" },
	{ "http: {viewer-keys: [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0\"]}\n",
	  "c:1:22: http.viewer-keys: is no hash of a key; allowed: sha256: and 64 hexadecimal digits, as `shaken key` prints them" },
	{ "http: {viewer-names: [a.example]}\n",
	  "c:1:22: http.viewer-names: needs an https: listener in http.listen, http.client-ca, and http.clients: asked or required" },
	{ "http: {ms-root: \"ms\"}\n",
	  "c:1:17: http.ms-root: \"ms\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"/\"}\n",
	  "c:1:17: http.ms-root: \"/\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"/ms/\"}\n",
	  "c:1:17: http.ms-root: \"/ms/\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"//ms\"}\n",
	  "c:1:17: http.ms-root: \"//ms\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"/a//b\"}\n",
	  "c:1:17: http.ms-root: \"/a//b\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"/m s\"}\n",
	  "c:1:17: http.ms-root: \"/m s\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"/a?b\"}\n",
	  "c:1:17: http.ms-root: \"/a?b\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"/../a\"}\n",
	  "c:1:17: http.ms-root: \"/../a\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: \"/%41\"}\n",
	  "c:1:17: http.ms-root: \"/%41\" is no root of a path; allowed: \"\", or parts that begin with / such as /ms or /3gpp/ms, of letters, digits and -._~" },
	{ "http: {ms-root: /stir/v1}\n",
	  "c:1:17: http.ms-root: \"/stir/v1\" is the root of ATIS-1000082; take another one" },
	{ "http: {ms-root: /v1/pub}\n",
	  "c:1:17: http.ms-root: \"/v1/pub\" is where certificates are served; take another one" },
	{ "hosting: {serve: yes}\n",
	  "c:1:18: hosting.serve: needs http.listen, the address where others fetch them" },
	{ "hep: {collector: \"192.0.2.9:9060\"}\n",
	  "c:1:18: hep.collector: \"192.0.2.9:9060\" is no collector; allowed: udp:ADDRESS:PORT, such as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060" },
	{ "hep: {collector: \"tcp:192.0.2.9:9060\"}\n",
	  "c:1:18: hep.collector: \"tcp:192.0.2.9:9060\" is no collector; allowed: udp:ADDRESS:PORT, such as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060" },
	{ "hep: {collector: \"udp:homer.example:9060\"}\n",
	  "c:1:18: hep.collector: \"udp:homer.example:9060\" is no collector; allowed: udp:ADDRESS:PORT, such as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060" },
	{ "hep: {collector: \"udp:192.0.2.9\"}\n",
	  "c:1:18: hep.collector: \"udp:192.0.2.9\" is no collector; allowed: udp:ADDRESS:PORT, such as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060" },
	{ "hep: {collector: \"udp:192.0.2.9:0\"}\n",
	  "c:1:18: hep.collector: \"udp:192.0.2.9:0\" is no collector; allowed: udp:ADDRESS:PORT, such as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060" },
	{ "hep: {collector: \"udp:255.255.255.255:9060\"}\n",
	  "c:1:18: hep.collector: \"udp:255.255.255.255:9060\" is no collector; allowed: udp:ADDRESS:PORT, such as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060" },
	{ "hep: {collector: \"udp:0.0.0.0:9060\"}\n",
	  "c:1:18: hep.collector: \"udp:0.0.0.0:9060\" is no collector; allowed: udp:ADDRESS:PORT, such as udp:192.0.2.9:9060 or udp:[2001:db8::9]:9060" },
	{ "http: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {}}\n",
	  "c:2:11: clients.a: anybody would be this client; set keys, tls-names or sources" },
	{ "http: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {keys: [x, \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]}}\n",
	  "c:2:22: clients.a.keys: is no hash of a key; allowed: sha256: and 64 hexadecimal digits, as `shaken key` prints them" },
	{ "http: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {keys: [\"sha256:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\", \"sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"]}}\n",
	  "c:2:97: clients.a.keys: entry 2 is there twice" },
	{ "http: {listen: [\"http:127.0.0.1:8080\"]}\nclients:\n  a: {keys: [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]}\n  b: {keys: [\"sha256:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\", \"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]}\n",
	  "c:4:89: clients.b.keys: entry 2 is a key of clients.a; a key may have one client" },
	{ "http: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {sources: [10.0.0.1], trunk: t}}\n",
	  "c:2:43: clients.a.trunk: \"t\" is not among `trunks`" },
};

/* Accepted, with all that is said. */
static const struct {
	const char *yaml, *why;
} warned[] = {
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\n",
	  "c:2:16: warning: http.apis: nobody may ask: there are no `clients`; with http.apis: [] the interfaces are not there" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], apis: []}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\ntenants: {folder: /}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:0\", \"http:127.0.0.1:0\", \"http:[::1]:8080\", \"http:127.0.0.2:8080\"], apis: []}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"https:0.0.0.0:8443\"], certificate: c, key: k, apis: []}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {health: \"[::1]:8060\"}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {health: \"\"}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {health: \"127.255.0.1:8060\"}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {certificate: c}\n",
	  "c:2:21: warning: http.certificate: has no effect without an https: listener in http.listen" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"https:0.0.0.0:8443\"], certificate: c, key: k, client-ca: r, apis: []}\n",
	  "c:2:75: warning: http.client-ca: has no effect with http.clients: any" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"https:0.0.0.0:8443\"], certificate: c, key: k, client-ca: r, clients: asked, viewer-names: [a.example], apis: []}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], client-ca: r, clients: required, apis: []}\n",
	  "c:2:64: warning: http.clients: has no effect without an https: listener in http.listen" },
	{ "trust: {anchors: [r]}\nhttp: {client-ca: r, clients: asked}\n",
	  "c:2:31: warning: http.clients: has no effect without an https: listener in http.listen" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"https:0.0.0.0:8443\", \"http:192.0.2.1:8080\"], certificate: c, key: k, client-ca: r, clients: required, apis: []}\n",
	  "c:2:39: warning: http.listen: who comes to \"http:192.0.2.1:8080\" needs no certificate, whatever http.clients says" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"https:0.0.0.0:8443\", \"http:127.0.0.1:8080\"], certificate: c, key: k, client-ca: r, clients: required, apis: []}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"https:0.0.0.0:8443\", \"http:192.0.2.1:8080\"], certificate: c, key: k, client-ca: r, clients: asked, apis: []}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:192.0.2.1:8080\"], viewer-keys: [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"], apis: []}\n",
	  "c:2:54: warning: http.viewer-keys: keys travel readable by http.listen without https" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\", \"http:[::1]:8080\"], viewer-keys: [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"], apis: []}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {ms-root: \"\"}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {ms-root: /3gpp/ms.v1_~-}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {burst: 7}\n",
	  "c:2:15: warning: http.burst: has no effect without http.rate" },
	{ "trust: {anchors: [r]}\nhttp: {rate: 5, burst: 7}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], apis: []}\nhosting: {serve: yes}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhep: {collector: \"udp:192.0.2.9:9060\"}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhep: {collector: \"udp:[2001:db8::9]:9060\"}\n",
	  "" },
	{ "trust: {anchors: [r]}\nclients: {a: {keys: [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]}}\n",
	  "c:2:21: warning: clients: nobody can ask without http.listen" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {keys: [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", \"sha256:FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\"]}, b: {sources: [127.0.0.0/8]}}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:192.0.2.1:8080\"]}\nclients: {a: {keys: [\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"]}}\n",
	  "c:3:21: warning: clients.a.keys: keys travel readable by http.listen without https" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {tls-names: [a.example]}}\n",
	  "c:3:26: warning: clients.a.tls-names: needs an https: listener in http.listen, http.client-ca, and http.clients: asked or required; so nobody is this client" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {sources: [127.0.0.1], sign: no, verify: no}}\n",
	  "c:3:43: warning: clients.a: may ask for nothing, with sign: no and verify: no" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {sources: [127.0.0.1], trunk: t}}\ntrunks: {t: {}}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], apis: [], viewer-sources: [127.0.0.1, 10.0.0.0/8]}\n",
	  "c:2:79: warning: http.viewer-sources: entry 2 is not within http.sources: who is only there cannot connect" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], apis: [], sources: [10.0.0.0/8]}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], sources: [10.0.0.0/8]}\nclients: {a: {sources: [10.1.0.0/16, 192.0.2.1]}}\n",
	  "c:3:24: warning: clients.a.sources: entry 2 is not within http.sources: who is only there cannot connect" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {sources: [127.0.0.1]}}\nsign: {key: k, x5u: \"https://a.example/b\", attest: A, div: yes}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], apis: [ms]}\nclients: {a: {sources: [127.0.0.1]}}\nsign: {key: k, x5u: \"https://a.example/b\", attest: A, div: yes}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], apis: [atis, secsipidx]}\nclients: {a: {sources: [127.0.0.1]}}\nsign: {key: k, x5u: \"https://a.example/b\", attest: A, div: yes}\n",
	  "c:4:60: warning: sign.div: has no effect without tenant.mode: sign: elsewhere a call that has a PASSporT is not signed" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\nclients: {a: {sources: [127.0.0.1], sign: no}}\nsign: {key: k, x5u: \"https://a.example/b\", attest: A, div: yes}\n",
	  "c:4:60: warning: sign.div: has no effect without tenant.mode: sign: elsewhere a call that has a PASSporT is not signed" },
};

/* A tenant's file beside a main file. */
static const struct {
	const char *main, *own, *why;
} tenants[] = {
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], sources: [10.0.0.0/8]}\ntenants: {folder: /}\n",
	  "clients: {a: {sources: [10.0.0.1]}}\n",
	  "" },
	{ "trust: {anchors: [r]}\ntenants: {folder: /}\n",
	  "clients: {a: {sources: [10.0.0.1]}}\n",
	  "/t/acme.yaml:1:11: warning: clients: nobody can ask without http.listen" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], sources: [10.0.0.0/8]}\ntenants: {folder: /}\n",
	  "clients: {a: {}}\n",
	  "/t/acme.yaml:1:11: clients.a: anybody would be this client; set keys, tls-names or sources" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], sources: [10.0.0.0/8]}\ntenants: {folder: /}\n",
	  "clients: {a: {sources: [10.0.0.1], trunk: t}}\n",
	  "/t/acme.yaml:1:43: clients.a.trunk: \"t\" is not among `trunks`" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\ntenants: {folder: /}\n",
	  "clients: {a: {sources: [127.0.0.1]}}\nsign: {key: k, x5u: \"https://a.example/b\", attest: A, div: yes}\n",
	  "" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"]}\ntenants: {folder: /}\n",
	  "sign: {key: k, x5u: \"https://a.example/b\", attest: A, div: yes}\n",
	  "/t/acme.yaml:1:60: warning: sign.div: has no effect without tenant.mode: sign: elsewhere a call that has a PASSporT is not signed" },
	{ "trust: {anchors: [r]}\nhttp: {listen: [\"http:127.0.0.1:8080\"], sources: [10.0.0.0/8]}\ntenants: {folder: /}\n",
	  "http: {health: \"\"}\n",
	  "/t/acme.yaml:1:1: http: belongs in the main file" },
};
/* clang-format on */

static void test_refused(void)
{
	for (size_t i = 0; i < SK_COUNT(refused); i++) {
		char *why;
		SK_CLEANUP(conf_unref_p) struct conf *conf = judged(refused[i].yaml, &why);

		CHECK(!conf, "row %zu: accepted: %s", i, refused[i].yaml);
		CHECK_STR(why, refused[i].why, refused[i].yaml);
		free(why);
	}
}

/* What is printed says the same, and loads again. */
static void test_warned(void)
{
	for (size_t i = 0; i < SK_COUNT(warned); i++) {
		char *why, *once, *twice;
		SK_CLEANUP(conf_unref_p) struct conf *conf = judged(warned[i].yaml, &why);
		SK_CLEANUP(conf_unref_p) struct conf *again = NULL;

		CHECK(conf, "row %zu: refused: %s", i, warned[i].yaml);
		CHECK_STR(why, warned[i].why, warned[i].yaml);
		free(why);
		if (!conf)
			continue;
		once = printed(conf);
		again = loaded(once);
		twice = again ? printed(again) : strdup("");
		CHECK_STR(twice, once, warned[i].yaml);
		free(once);
		free(twice);
	}
}

static void test_tenants(void)
{
	for (size_t i = 0; i < SK_COUNT(tenants); i++) {
		SK_CLEANUP(conf_unref_p) struct conf *main = loaded(tenants[i].main);
		SK_CLEANUP(tenant_conf_free_p) struct tenant_conf *set = NULL;
		char *why;

		if (!main)
			continue;
		set = tenant_judged(tenants[i].own, main, &why);
		CHECK_STR(why, tenants[i].why, tenants[i].own);
		free(why);
	}
}

int main(void)
{
	test_refused();
	test_warned();
	test_tenants();
	return check_result();
}
