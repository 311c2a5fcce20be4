#!/bin/sh
# Makes a certificate authority that can vouch for one domain only, for seven days, and a
# certificate for each host name given.
#
#   pki.sh FOLDER DOMAIN HOST...      e.g. pki.sh certs localhost portal.localhost wiki.localhost
#
# FOLDER gets ca.pem, ca.key and HOST.pem (with the chain), HOST.key. Keys are 0600. The domain
# stands in the CA's name constraints, so that a stolen key is worth nothing elsewhere.
set -eu
umask 077
folder=$1
domain=$2
shift 2
mkdir -p "$folder"
cd "$folder"
days=7

openssl ecparam -name prime256v1 -genkey -noout -out ca.key
cat >ca.cnf <<TEXT
[req]
distinguished_name = name
prompt = no
x509_extensions = ca
[name]
O = Sekisho demo
CN = Sekisho demo CA ($domain only)
[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
nameConstraints = critical, permitted;DNS:$domain, excluded;IP:0.0.0.0/0.0.0.0, excluded;IP:::/::
subjectKeyIdentifier = hash
TEXT
openssl req -x509 -new -key ca.key -sha256 -days "$days" -config ca.cnf -out ca.pem

for host in "$@"; do
  openssl ecparam -name prime256v1 -genkey -noout -out "$host.key"
  cat >leaf.cnf <<TEXT
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:$host
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
TEXT
  openssl req -new -key "$host.key" -subj "/CN=$host" -sha256 -out leaf.csr
  serial=0x$(openssl rand -hex 16 | sed 's/^[89a-f]/1/')
  openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -set_serial "$serial" -days "$days" -sha256 \
    -extfile leaf.cnf -extensions leaf -out leaf.pem 2>/dev/null
  cat leaf.pem ca.pem >"$host.pem"
done
rm -f leaf.cnf leaf.csr leaf.pem ca.cnf
chmod 0644 ./*.pem
