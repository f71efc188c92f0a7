"""An authority of a test's own and the certificates that it signs, by openssl, in the test's scratch folder."""

import os
import subprocess
from dataclasses import dataclass

from peers import Failure

DAYS = "2"


@dataclass
class Certificate:
    chain: str  # PEM files
    key: str


class Authority:
    def __init__(self, folder, name="Test authority"):
        self.folder = folder
        self.certificate = os.path.join(folder, "authority.pem")
        self.key = os.path.join(folder, "authority.key")
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS, "-subj",
                 f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", self.key, "-out",
                 self.certificate)

    def issue(self, name, names):
        """A certificate for `names`: host names, or "sip:example.com" and "IP:192.0.2.1"."""
        base = os.path.join(self.folder, name)
        request, extensions = base + ".csr", base + ".ext"
        kinds = ",".join(("URI:" if ":" in each and not each.startswith("IP:") else "" if each.startswith("IP:") else "DNS:")
                         + each for each in names)
        with open(extensions, "w", encoding="utf-8") as file:
            file.write(f"subjectAltName={kinds}\nbasicConstraints=CA:FALSE\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout",
                 base + ".key", "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days",
                 DAYS, "-extfile", extensions, "-out", base + ".pem")
        return Certificate(base + ".pem", base + ".key")


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"openssl {arguments[0]} failed: {done.stderr}")
