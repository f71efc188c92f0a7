"""Certificates for the tests over real sockets, made by openssl(1) when they are needed."""

import os
import subprocess

from peers import Failure


def _openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"openssl {' '.join(arguments)}: {done.stderr}")


def make_authority(folder):
    """ca.pem and ca.key: who signs what make_certificate makes."""
    _openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=Test Authority", "-keyout", "ca.key", "-out", "ca.pem")


def make_certificate(folder, name, alternative_names, file=None):
    """FILE.pem and FILE.key (NAME, unless said otherwise), replaced each in one step: nobody reads half a file."""
    file = file or name
    extensions = os.path.join(folder, f"{name}.ext")
    with open(extensions, "w", encoding="utf-8") as text:
        text.write(f"subjectAltName={','.join(alternative_names)}\n")
    _openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
             "-keyout", f"{name}.new.key", "-out", f"{name}.csr")
    _openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
             "-days", "30", "-extfile", extensions, "-out", f"{name}.new.pem")
    for kind in ("key", "pem"):
        os.replace(os.path.join(folder, f"{name}.new.{kind}"), os.path.join(folder, f"{file}.{kind}"))
