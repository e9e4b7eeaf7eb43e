/* The rows of test_conf_members.c: groups, and the rules of what a tenant is */
#pragma once

#define KEY  "sign: {key: k, x5u: \"https://a.example/b\", attest: B}\n"
#define CRED "{key: k, certificate: c, x5u: \"https://a.example/b\"}"

/* clang-format off */

/* Accepted, and a line that --print-config shows for it. */
static const struct {
	const char *yaml, *line;
} member_accepted[] = {
	{ "trunks:\n", "deadline: 400ms" },
	{ "trunks: {}\ncredentials: {}\n", "deadline: 400ms" },
	{ "trunks: {a: }\n", "  burst: 100" },
	{ "trunks: {a: {}}\n", "\"a\":" },
	{ "trunks: {\"0.9_A-z\": {rate: 5}}\n", "  rate: 5" },
	{ "tenant: {trunk-parameter: otg}\ntrunks: {a: {groups: [x, y]}, b: {sources: [127.0.0.1/32]}, c: {}}\n", "  groups: [\"x\", \"y\"]" },
	{ "trunks: {a: {sources: [127.0.0.0/8, \"::1/128\"]}}\n", "  sources: [\"127.0.0.0/8\", \"::1/128\"]" },
	{ "sip: {sources: [10.0.0.0/8]}\ntrunks: {a: {sources: [10.1.0.0/16]}}\n", "  sources: [\"10.1.0.0/16\"]" },
	{ "trunks: {a: {attest: C, may-say: yes, burst: 1, rate: 1000000}}\n", "  attest: C" },
	{ KEY "trunks: {a: {credential: default}}\n", "  credential: \"default\"" },
	{ "credentials: {a: " CRED "}\ntrunks: {a: {credential: a}}\n", "  credential: \"a\"" },
	{ "authority: {store: s}\nsign: {by-number: yes}\ntrunks: {a: {customer: acme}}\n", "  customer: \"acme\"" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", spc: 709J}}\n", "  spc: \"709J\"" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", next-certificate: d}}\n", "  next-key: \"\"" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", next-certificate: d, next-key: e, next-x5u: \"https://a.example/f\"}}\n", "  next-x5u: \"https://a.example/f\"" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+1404*, +14045550100-+14045550199, +14045550200]}}\n",
	  "  numbers: [\"+1404*\", \"+14045550100-+14045550199\", \"+14045550200\"]" },
	/* one inside the other, ends that touch, another length: each number has one longest */
	{ "credentials:\n  a: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+1404*, +14045550100-+14045550199]}\n"
	  "  b: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+14045*, +14045550200-+14045550299, +1404555010-+1404555019]}\n",
	  "  next-certificate: \"\"" },
	{ "credentials:\n  a: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+1404*, +1404*, +14045550100-+14045550199, +14045550150]}\n",
	  "  next-certificate: \"\"" },
	{ "hsm: {module: m, pin-file: p}\nsign: {key: \"pkcs11:token=t;object=k\", x5u: \"https://a.example/b\"}\n", "key: \"pkcs11:token=t;object=k\"" },
	{ "hsm: {module: m}\ncredentials: {a: {key: \"pkcs11:a\", certificate: c, x5u: \"https://a.example/b\", next-key: \"pkcs11:b\", next-certificate: d}}\n",
	  "  next-key: \"pkcs11:b\"" },
	{ "tenant: {mode: sign}\ncredentials: {a: " CRED "}\nsign: {attest: A}\n", "mode: sign" },
	{ "match: {listeners: [\"udp:127.0.0.1:5060\"], hosts: [sti.example.net, 192.0.2.1, \"[2001:db8::1]\", a_b.x]}\n",
	  "hosts: [\"sti.example.net\", \"192.0.2.1\", \"[2001:db8::1]\", \"a_b.x\"]" },
	{ "sip: {listen: [\"udp:[::1]:5060\"]}\nmatch: {listeners: [\"udp:[0:0::1]:5060\"]}\n", "listeners: [\"udp:[0:0::1]:5060\"]" },
	{ "sip: {listen: [\"udp::0\"]}\nfunction: {listeners: {\"udp::0\": verify}}\n", "listeners: {\"udp::0\": \"verify\"}" },
	{ "tenants: {header: X-Carrier, header-sources: [10.0.0.1]}\nmatch: {headers: [\"a b\"]}\n", "headers: [\"a b\"]" },
	{ "tenants: {folder: /, fallback: yes}\n", "folder: \"/\"" },
	{ "tenants: {folder: /}\ntenant: {mode: sign}\n", "mode: sign" },
	{ "tenants: {folder: /}\nanswer: {contact: template}\nlists: {block: block}\nauthority: {store: s}\nsign: {origid: fixed}\n", "block: block" },
	{ "function: {hosts: {out.example.net: sign, in.example.net: verify, a: auto, b: pass}}\n",
	  "hosts: {\"out.example.net\": \"sign\", \"in.example.net\": \"verify\", \"a\": \"auto\", \"b\": \"pass\"}" },
	{ "function: {header: X-Function, parameter: \"\"}\ntenant: {trunk-parameter: \"\"}\n", "parameter: \"\"" },
	{ "authority: {store: s, warm: yes, watch: 1s}\nlists: {do-not-originate: alert, block: alert, allow: exempt}\n", "allow: exempt" },
	{ "actions: {failed: block}\nanswer: {block-url: \"https://a.example/redress\"}\n", "block-url: \"https://a.example/redress\"" },
	{ "actions: {failed: block}\nanswer: {block-tel: \"+1-404-555-0100\"}\n", "block-tel: \"+1-404-555-0100\"" },
	{ "actions: {missing: block}\nanswer: {block-email: redress@a.example, block-location: INTL}\n", "block-location: \"INTL\"" },
	{ "actions: {unverified: block}\nanswer: {block: 603}\n", "block: 603" },
	{ "actions: {passed: block}\nanswer: {block: 607}\n", "block: 607" },
	{ "answer: {block: 608, block-card: \"https://a.example:8443/card.jws\"}\n", "block: 608" },
	{ "actions: {failed: alert, alert-failed: \"SPOOFED\", alert-missing: \"{name}\", alert-passed: \"{name} (ok)\"}\n", "alert-failed: \"SPOOFED\"" },
	{ "sign: {dummies: []}\n", "dummies: []" },
	{ "sign: {dummies: [\"+19999999999\", \"7\"]}\n", "dummies: [\"+19999999999\", \"7\"]" },
	{ "trunks: {a: {may-say: yes}}\nsign: {attest-headers: [X-A], credential-header: X-C, orig-header: X-O, dest-header: X-D}\n", "orig-header: \"X-O\"" },
	{ "trunks: {a: {spc: 709J}}\ncredentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", spc: 709J}}\n", "  spc: \"709J\"" },
	{ "credentials: {default: " CRED "}\ntrunks: {a: {credential: default}}\n", "  credential: \"default\"" },
	{ "trunks: {a: {may-say: yes}}\nsign: {spc-header: X-S}\n", "spc-header: \"X-S\"" },
	{ "answer: {pai-header: X-Asserted-Identity}\n", "pai-header: \"X-Asserted-Identity\"" },
	{ "answer: {preset: freeswitch}\n", "identity-in: [x-identity]" },
	{ "answer: {preset: freeswitch, identity-in: [header]}\n", "identity-in: [header]" },
	{ "answer: {preset: freeswitch, code: 302}\n", "pai-header: \"X-Asserted-Identity\"" },
	{ "answer: {preset: none}\n", "pai-header: \"P-Asserted-Identity\"" },
	{ "answer: {preset: asterisk, contact-template: \"sip:{user}@next.example\"}\n", "contact: template" },
	{ "answer: {preset: asterisk, contact: source}\n", "contact: source" },
	{ "log: {target: syslog, records: journal}\n", "records: \"journal\"" },
	{ "log: {target: journal, records: log}\n", "target: \"journal\"" },
	{ "log: {records: r.jsonl}\n", "records: \"r.jsonl\"" },
};

/* Refused, with all that is said. */
static const struct {
	const char *yaml, *why;
} member_refused[] = {
	{ "trunks: 5\n", "c:1:9: trunks: must hold members, each a name with its settings: `name: {key: value}`" },
	{ "trunks: [a]\n", "c:1:9: trunks: must hold members, each a name with its settings: `name: {key: value}`" },
	{ "trunks: {sources: [127.0.0.1]}\n", "c:1:10: trunks.sources: must hold settings, one a line: `key: value`" },
	{ "trunks: {a: b}\n", "c:1:10: trunks.a: must hold settings, one a line: `key: value`" },
	{ "trunks: {\"a b\": {}}\n", "c:1:10: trunks: \"a b\" is no name; allowed: 1 to 64 of the characters A-Z a-z 0-9 . _ -" },
	{ "trunks: {\"\": {}}\n", "c:1:10: trunks: \"\" is no name; allowed: 1 to 64 of the characters A-Z a-z 0-9 . _ -" },
	{ "trunks: {a/b: {}}\n", "c:1:10: trunks: \"a/b\" is no name; allowed: 1 to 64 of the characters A-Z a-z 0-9 . _ -" },
	{ "trunks: {a: {}, a: {}}\n", "c:1:17: a: set twice, first in line 1" },
	{ "trunks: {a: {sorces: []}}\n", "c:1:14: trunks.a.sorces: unknown setting; did you mean trunks.NAME.sources?" },
	{ "trunks: {a: {x5u: k}}\n", "c:1:14: trunks.a.x5u: unknown setting; did you mean sign.x5u?" },
	{ "trunks: {a: {xyzzyxyzzy: k}}\n", "c:1:14: trunks.a.xyzzyxyzzy: unknown setting" },
	{ "trunks: {a: {sources: 5}}\n", "c:1:23: trunks.a.sources: is one value, must be a list, [a, b]" },
	{ "trunks: {a: {sources: [x]}}\n", "c:1:24: trunks.a.sources: \"x\" is no network: 192.0.2.0/24, 2001:db8::/32 or one address, without bits behind the mask" },
	{ "trunks: {a: {sources: [[x]]}}\n", "c:1:24: trunks.a.sources: is a list, [a, b], must be one value" },
	{ "trunks: {a: {sources: [[[x]]]}}\n", "c:1:26: nested too deep" },
	{ "trunks: {a: {attest: D}}\n", "c:1:22: trunks.a.attest: \"D\" is not known; allowed: none | A | B | C" },
	{ "trunks: {a: {rate: -1, burst: 0}}\n", "c:1:20: trunks.a.rate: \"-1\" is not a whole number; allowed: 0 to 1000000 AND "
	  "c:1:31: trunks.a.burst: \"0\" is out of range; allowed: 1 to 1000000" },
	{ "trunks: {a: {customer: }}\n", "c:1:24: trunks.a.customer: no value is given; for an empty one write \"\"" },
	{ "trunks: {a: {}, b: {}}\n", "c:1:10: trunks.a: without sources and groups it takes every call; it must be the last one" },
	{ "trunks: {a: {sources: [10.0.0.0/8]}}\n", "c:1:23: trunks.a.sources: entry 1 is not within sip.sources" },
	{ "trunks: {a: {sources: [127.0.0.0/7]}}\n", "c:1:24: trunks.a.sources: \"127.0.0.0/7\" is no network: 192.0.2.0/24, 2001:db8::/32 or one address, without bits behind the mask" },
	{ "trunks: {a: {sources: [127.0.0.1, 126.0.0.0/7]}}\n", "c:1:23: trunks.a.sources: entry 2 is not within sip.sources" },
	{ "match: {sources: [10.0.0.0/8]}\ntrunks: {a: {sources: [127.0.0.1]}}\n", "c:2:23: trunks.a.sources: entry 1 is not within match.sources" },
	{ "tenant: {trunk-header: \"\"}\ntrunks: {a: {groups: [x]}}\n",
	  "c:2:22: trunks.a.groups: \"x\" needs tenant.trunk-parameter or tenant.trunk-header, where it is read" },
	{ "trunks: {a: {customer: x}}\n", "c:1:24: trunks.a.customer: \"x\" needs sign.by-number: yes and authority.store, where its numbers are" },
	{ "trunks: {a: {credential: x}}\n", "c:1:26: trunks.a.credential: \"x\" is none of `credentials`" },
	{ "trunks: {a: {credential: default}}\n", "c:1:26: trunks.a.credential: \"default\" is none of `credentials`" },
	{ "credentials: {a: {}}\n", "c:1:15: credentials.a.key: must be set: The private key: a PEM file, credential:NAME of systemd, or pkcs11:... AND "
	  "c:1:15: credentials.a.certificate: must be set: The certificate of the key, a PEM file. AND "
	  "c:1:15: credentials.a.x5u: must be set: The https URL under which everybody finds that certificate." },
	{ "credentials: {a: {key: \"\", certificate: c, x5u: \"https://a.example/b\"}}\n", "c:1:24: credentials.a.key: \"\" may not be empty" },
	{ "sign: {key: k, x5u: \"https://a.example/b\"}\ncredentials: {default: " CRED "}\n", "c:2:15: credentials.default: this name is that of sign.key; take another one, or leave sign.key out" },
	{ "trunks: {a: {spc: 709J}}\n", "c:1:19: trunks.a.spc: \"709J\" is the spc of none of `credentials`" },
	{ "trunks: {a: {spc: 709J}}\ncredentials: {a: " CRED "}\n", "c:1:19: trunks.a.spc: \"709J\" is the spc of none of `credentials`" },
	{ "sign: {spc-header: X-S}\n", "c:1:20: sign.spc-header: \"X-S\" is believed from nobody; name who may say it in sign.attest-sources, or by may-say of a trunk" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"http://a.example/b\"}}\n",
	  "c:1:48: credentials.a.x5u: \"http://a.example/b\" is no address of a certificate; allowed: https://HOST/PATH, port 443 or 8443, without user, query or fragment (ATIS-1000074)" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", next-key: n}}\n",
	  "c:1:81: credentials.a.next-key: \"n\" needs next-certificate, which says from when it counts" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", next-x5u: \"https://a.example/c\"}}\n",
	  "c:1:81: credentials.a.next-x5u: \"https://a.example/c\" needs next-certificate, which says from when it counts" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", spc: \"7 9\"}}\n",
	  "c:1:76: credentials.a.spc: \"7 9\" is no provider code; allowed: letters, digits and -" },
	{ "credentials: {a: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [1404*, +*, +1404-+14045, +1405-+1404, +1404x, +1-2, +1234567890123456]}}\n",
	  "c:1:81: credentials.a.numbers: \"1404*\" is no pattern; allowed: +1404555*, +14045550100-+14045550199 or +14045550100 AND "
	  "c:1:88: credentials.a.numbers: \"+*\" is no pattern; allowed: +1404555*, +14045550100-+14045550199 or +14045550100 AND "
	  "c:1:92: credentials.a.numbers: \"+1404-+14045\" is no pattern; allowed: +1404555*, +14045550100-+14045550199 or +14045550100 AND "
	  "c:1:106: credentials.a.numbers: \"+1405-+1404\" is no pattern; allowed: +1404555*, +14045550100-+14045550199 or +14045550100 AND "
	  "c:1:119: credentials.a.numbers: \"+1404x\" is no pattern; allowed: +1404555*, +14045550100-+14045550199 or +14045550100 AND "
	  "c:1:127: credentials.a.numbers: \"+1-2\" is no pattern; allowed: +1404555*, +14045550100-+14045550199 or +14045550100 AND "
	  "c:1:133: credentials.a.numbers: \"+1234567890123456\" is no pattern; allowed: +1404555*, +14045550100-+14045550199 or +14045550100" },
	{ "credentials:\n  a: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+1404*]}\n"
	  "  b: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+1405*, +1404*]}\n",
	  "c:3:77: credentials.b.numbers: \"+1404*\" has numbers of credentials.a; a number may have one credential" },
	{ "credentials:\n  a: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+1000-+1999, +1200]}\n"
	  "  b: {key: k, certificate: c, x5u: \"https://a.example/b\", numbers: [+1500]}\n",
	  "c:3:69: credentials.b.numbers: \"+1500\" has numbers of credentials.a; a number may have one credential" },
	{ "sign: {key: \"pkcs11:a\", x5u: \"https://a.example/b\"}\n", "c:1:13: sign.key: \"pkcs11:a\" needs hsm.module, the library of the token" },
	{ "credentials: {a: {key: \"pkcs11:a\", certificate: c, x5u: \"https://a.example/b\"}}\n",
	  "c:1:24: credentials.a.key: \"pkcs11:a\" needs hsm.module, the library of the token" },
	{ "sign: {certificate: \"pkcs11:a\"}\n",
	  "c:1:21: sign.certificate: \"pkcs11:a\" is in a token, where only sign.key, credentials.*.key and credentials.*.next-key may be" },
	{ "trust: {anchors: [\"pkcs11:a\"]}\n",
	  "c:1:19: trust.anchors: \"pkcs11:a\" is in a token, where only sign.key, credentials.*.key and credentials.*.next-key may be" },
	{ "hsm: {pin-file: p}\n", "c:1:17: hsm.pin-file: \"p\" needs hsm.module, the library of the token" },
	{ "match: {listeners: [\"udp:127.0.0.1:5061\", \"tcp:127.0.0.1:5061\", \"\"]}\n",
	  "c:1:65: match.listeners: \"\" may not be empty" },
	{ "match: {listeners: [\"udp:127.0.0.1:5061\", \"tcp:127.0.0.1:5061\", u]}\n",
	  "c:1:21: match.listeners: \"udp:127.0.0.1:5061\" is not among sip.listen AND "
	  "c:1:43: match.listeners: \"tcp:127.0.0.1:5061\" is not among sip.listen AND "
	  "c:1:65: match.listeners: \"u\" is not among sip.listen" },
	{ "match: {hosts: [a:5060, \"a b\", \"*.a\", \"[::1\", \"[1.2.3.4]\", \"[]\", a/b]}\n",
	  "c:1:17: match.hosts: \"a:5060\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1] AND "
	  "c:1:25: match.hosts: \"a b\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1] AND "
	  "c:1:32: match.hosts: \"*.a\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1] AND "
	  "c:1:39: match.hosts: \"[::1\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1] AND "
	  "c:1:47: match.hosts: \"[1.2.3.4]\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1] AND "
	  "c:1:60: match.hosts: \"[]\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1] AND "
	  "c:1:66: match.hosts: \"a/b\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1]" },
	{ "match: {hosts: [a.example, A.Example]}\n", "c:1:28: match.hosts: \"A.Example\" is there twice" },
	{ "match: {headers: [x]}\n", "c:1:18: match.headers: \"x\" needs tenants.header in the main file" },
	{ "tenants: {folder: /none/such}\n", "c:1:19: tenants.folder: \"/none/such\" is no folder" },
	{ "tenants: {folder: /dev/null}\n", "c:1:19: tenants.folder: \"/dev/null\" is no folder" },
	{ "tenants: {header: X-Carrier}\n",
	  "c:1:19: tenants.header: \"X-Carrier\" is believed from nobody; name who may say it in tenants.header-sources" },
	{ "tenants: {folder: /, fallback: yes}\ntenant: {mode: sign}\n", "c:2:16: tenant.mode: \"sign\" needs sign.key and sign.x5u" },
	{ "function: {hosts: {\"a:1\": sign, b: stop}}\n",
	  "c:1:27: function.hosts: \"a:1\" is no host; allowed: a name or an address, without port, such as sbc.example.net, 192.0.2.1 or [2001:db8::1] AND "
	  "c:1:36: function.hosts: \"stop\" is not known; allowed: sign | verify | auto | pass" },
	{ "function: {listeners: {\"udp:127.0.0.1:5061\": Sign}}\n",
	  "c:1:46: function.listeners: \"udp:127.0.0.1:5061\" is not among sip.listen AND "
	  "c:1:46: function.listeners: \"Sign\" is not known; allowed: sign | verify | auto | pass" },
	{ "function: {parameter: \"a b\"}\n",
	  "c:1:23: function.parameter: \"a b\" is no name of a parameter; allowed: letters, digits and -.!%*_+`'~ (RFC 3261)" },
	{ "tenant: {trunk-parameter: \"a;b\"}\n",
	  "c:1:27: tenant.trunk-parameter: \"a;b\" is no name of a parameter; allowed: letters, digits and -.!%*_+`'~ (RFC 3261)" },
	{ "tenant: {trunk-parameter: otg}\nfunction: {parameter: OTG}\n",
	  "c:2:23: function.parameter: \"OTG\" is already tenant.trunk-parameter; take another name" },
	{ "sign: {by-number: yes}\nlists: {do-not-originate: block, allow: only}\nanswer: {block: 607}\n",
	  "c:1:19: sign.by-number: needs authority.store, the folder with numbers and lists AND "
	  "c:2:27: lists.do-not-originate: needs authority.store, the folder with numbers and lists AND "
	  "c:2:41: lists.allow: needs authority.store, the folder with numbers and lists" },
	{ "lists: {block: alert}\n", "c:1:16: lists.block: needs authority.store, the folder with numbers and lists" },
	{ "tenant: {name: \"*\"}\n", "c:1:16: tenant.name: \"*\" means every tenant in the number store; take another name" },
	{ "authority: {store: s}\nlists: {block: block}\n",
	  "c: answer.block: \"603+\" needs where a blocked caller complains: one of answer.block-url, answer.block-tel, answer.block-email (ATIS-1000099)" },
	{ "authority: {store: s}\nlists: {allow: only}\nanswer: {block: 603+}\n",
	  "c:3:17: answer.block: \"603+\" needs where a blocked caller complains: one of answer.block-url, answer.block-tel, answer.block-email (ATIS-1000099)" },
	{ "actions: {unverified: block}\n",
	  "c: answer.block: \"603+\" needs where a blocked caller complains: one of answer.block-url, answer.block-tel, answer.block-email (ATIS-1000099)" },
	{ "answer: {block-url: \"http://a.example/\", block-card: \"https://a.example/x?y\"}\n",
	  "c:1:21: answer.block-url: \"http://a.example/\" is no address of a page; allowed: https://HOST[:PORT]/PATH without user, query or fragment AND "
	  "c:1:54: answer.block-card: \"https://a.example/x?y\" is no address of a page; allowed: https://HOST[:PORT]/PATH without user, query or fragment" },
	{ "answer: {block-url: \"https://a.example/x;y\"}\n",
	  "c:1:21: answer.block-url: \"https://a.example/x;y\" is no address of a page; allowed: https://HOST[:PORT]/PATH without user, query or fragment" },
	{ "answer: {block-tel: \"1;url=x\", block-email: a, block-location: X}\n",
	  "c:1:21: answer.block-tel: \"1;url=x\" is no telephone number AND "
	  "c:1:45: answer.block-email: \"a\" is no mail address AND "
	  "c:1:64: answer.block-location: \"X\" is not known; allowed: U | LPN | LN | TN | RLN | RPN | INTL | BI" },
	{ "answer: {block-email: \"a\\\"b@c\"}\n", "c:1:23: answer.block-email: \"a\"b@c\" is no mail address" },
	{ "answer: {block-email: \"@c\"}\n", "c:1:23: answer.block-email: \"@c\" is no mail address" },
	{ "actions: {alert-failed: \"{name} {name}\", alert-passed: \"{nam}\", alert-missing: \"}{name}\", alert-listed: \"\"}\n",
	  "c:1:105: actions.alert-listed: \"\" may not be empty; allowed: 1 to 64 characters" },
	{ "actions: {alert-failed: \"{name} {name}\", alert-passed: \"{nam}\", alert-missing: \"}{name}\"}\n",
	  "c:1:80: actions.alert-missing: \"}{name}\" is no display name; allowed: {name} once, no other braces AND "
	  "c:1:56: actions.alert-passed: \"{nam}\" is no display name; allowed: {name} once, no other braces AND "
	  "c:1:25: actions.alert-failed: \"{name} {name}\" is no display name; allowed: {name} once, no other braces" },
	{ "actions: {alert-failed: \"a\\tb\"}\n", "c:1:25: control characters and line ends are not allowed in a value" },
	{ "sign: {dummies: [\"12x\", \"+\"]}\n",
	  "c:1:18: sign.dummies: \"12x\" is no number; allowed: digits, with or without a + AND "
	  "c:1:25: sign.dummies: \"+\" is no number; allowed: digits, with or without a +" },
	{ "trunks: {a: {}}\nsign: {credential-header: X-C, orig-header: X-O}\n",
	  "c:2:27: sign.credential-header: \"X-C\" is believed from nobody; name who may say it in sign.attest-sources, or by may-say of a trunk AND "
	  "c:2:45: sign.orig-header: \"X-O\" is believed from nobody; name who may say it in sign.attest-sources, or by may-say of a trunk" },
	{ "answer: {pai-header: Contact, name-header: P-Asserted-Identity}\n",
	  "c:1:44: answer.name-header: \"P-Asserted-Identity\" has a meaning of its own in an answer; take another name AND "
	  "c:1:22: answer.pai-header: \"Contact\" has a meaning of its own in an answer; take another name" },
	{ "answer: {pai-header: X-Verstat}\n", "c:1:22: answer.pai-header: \"X-Verstat\" is already answer.verstat-header; take another name" },
	{ "answer: {preset: cisco}\n",
	  "c:1:18: answer.preset: \"cisco\" is not known; allowed: none | kamailio | opensips | asterisk | freeswitch | oracle | ribbon | clearip-compatible | sansay-compatible" },
	{ "answer: {preset: asterisk}\n", "c:1:18: answer.contact: \"template\" needs answer.contact-template" },
	{ "sign: {key: \"credential:\"}\n", "c:1:13: sign.key: \"credential:\" is no name of a credential: one that does not start with \".\", without \"/\"" },
	{ "sign: {key: \"credential:../k\"}\n", "c:1:13: sign.key: \"credential:../k\" is no name of a credential: one that does not start with \".\", without \"/\"" },
	{ "sign: {key: \"credential:a/b\"}\n", "c:1:13: sign.key: \"credential:a/b\" is no name of a credential: one that does not start with \".\", without \"/\"" },
	{ "sign: {key: \"credential:k\"}\n", "c:1:13: sign.key: \"credential:k\" needs $CREDENTIALS_DIRECTORY, which systemd sets for a unit with LoadCredential=" },
	{ "limits: {rate: -5}\nrecords: {numbers: half}\n",
	  "c:1:16: limits.rate: \"-5\" is not a whole number; allowed: 0 to 1000000 AND c:2:20: records.numbers: \"half\" is not known; allowed: full | masked | hashed" },
};

/* Accepted, with all that is said. */
static const struct {
	const char *yaml, *why;
} member_warned[] = {
	{ "trust: {anchors: [r]}\ntrunks: {a: {burst: 5}}\n", "c:2:21: warning: trunks.a.burst: has no effect without rate" },
	{ "trust: {anchors: [r]}\nmatch: {hosts: [a]}\n",
	  "c:2:16: warning: match: has no effect in the main file, whose tenant gets what no other does; it belongs in a tenant's file" },
	{ "trust: {anchors: [r]}\ntenants: {fallback: yes}\n", "c:2:21: warning: tenants.fallback: has no effect without tenants.folder" },
	{ "trust: {anchors: [r]}\ntenants: {header-sources: [127.0.0.1]}\n",
	  "c:2:27: warning: tenants.header-sources: has no effect without tenants.header" },
	{ "trust: {anchors: [r]}\ntenants: {folder: /}\n" KEY,
	  "c:2:19: warning: tenants.folder: without tenants.fallback the keys of this file sign nothing" },
	{ "trust: {anchors: [r]}\ntenants: {folder: /, fallback: yes}\n" KEY, "" },
	{ "trust: {anchors: [r]}\nauthority: {warm: yes}\n", "c:2:19: warning: authority.warm: has no effect without authority.store" },
	{ "trust: {anchors: [r]}\ncredentials: {a: " CRED "}\n",
	  "c: warning: sign.attest: nothing says an attestation, so nothing will be signed; set it to A, B or C, or name sign.attest-headers" },
	{ "trust: {anchors: [r]}\ncredentials: {a: " CRED "}\ntrunks: {a: {attest: C}}\n", "" },
	{ "trust: {anchors: [r]}\nauthority: {store: s}\ncredentials: {a: " CRED "}\nsign: {by-number: yes}\n", "" },
	{ "trust: {anchors: [r]}\nactions: {failed: block}\nanswer: {block: 608}\n",
	  "c:3:17: warning: answer.block: \"608\" without answer.block-card: a blocked caller is not told where to complain (RFC 8688)" },
	{ "trust: {anchors: [r]}\nactions: {failed: block}\nanswer: {block: 608, block-card: \"https://a.example/c\"}\n", "" },
	{ "trust: {anchors: [r]}\nanswer: {preset: kamailio}\n", "" },
	{ "trust: {anchors: [r]}\nanswer: {preset: clearip-compatible, code: 300, identity-in: [contact], nothing: 302}\n", "" },
	{ "trust: {anchors: [r]}\nfunction: {hosts: {a: sign, b: verify}}\n",
	  "c:2:23: warning: function.hosts: \"sign\" has no effect without sign.key, the private key" },
	{ "tenant: {mode: pass}\nfunction: {hosts: {b: verify}}\n",
	  "c: warning: trust.anchors: is empty: every PASSporT will fail as untrusted" },
	{ "tenant: {mode: pass}\nfunction: {listeners: {\"udp:127.0.0.1:5060\": pass}}\n", "" },
	{ "trust: {anchors: [r]}\ntenants: {header: X, header-sources: [127.0.0.1, 10.0.0.0/8]}\n",
	  "c:2:50: warning: tenants.header-sources: entry 2 is not within sip.sources: nobody there is heard, unless match.sources of a tenant has it" },
	{ "trust: {anchors: [r]}\nsip: {sources: [10.0.0.0/8]}\ntenants: {header: X, header-sources: [10.1.0.0/16]}\n", "" },
	{ "trust: {anchors: [r]}\nlimits: {burst: 1}\n", "c:2:17: warning: limits.burst: has no effect without limits.rate" },
	{ "trust: {anchors: [r]}\nlimits: {burst: 100}\n", "" },
	{ "trust: {anchors: [r]}\nsip: {source-burst: 1}\n", "c:2:21: warning: sip.source-burst: has no effect without sip.source-rate" },
};
/* clang-format on */
