package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// largestAnswer is far above what a chain of three certificates needs.
const largestAnswer = 1 << 16

// papers is what a workload has: PEM, as the files hold it.
type papers struct {
	certificates, key, bundle []byte
}

type request struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// CSR is base64 of DER.
	CSR []byte `json:"csr"`
}

type answer struct {
	Certificate string `json:"certificate"`
	Chain       string `json:"chain"`
	Root        string `json:"root"`
	Message     string `json:"message"`
}

// ask makes a key and has the box sign a certificate for it. Files are read
// anew each time: kubelet replaces the token before it ends.
func ask(ctx context.Context, box, tokenFile string) (papers, error) {
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return papers{}, err
	}
	client, address, err := clientOf(box)
	if err != nil {
		return papers{}, err
	}
	defer client.CloseIdleConnections()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return papers{}, err
	}
	body, err := requestOf(key)
	if err != nil {
		return papers{}, err
	}
	given, err := post(ctx, client, "https://"+address+"/v1/svid", strings.TrimSpace(string(token)), body)
	if err != nil {
		return papers{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return papers{}, err
	}
	return papers{
		certificates: []byte(given.Certificate + given.Chain),
		key:          pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		bundle:       []byte(given.Root),
	}, nil
}

// clientOf trusts the one certificate that the box is known by.
func clientOf(box string) (*http.Client, string, error) {
	certificate, err := os.ReadFile(filepath.Join(box, "box.crt"))
	if err != nil {
		return nil, "", err
	}
	address, err := os.ReadFile(filepath.Join(box, "address"))
	if err != nil {
		return nil, "", err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(certificate) {
		return nil, "", errors.New("box.crt has no certificate")
	}
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 30 * time.Second}
	return client, strings.TrimSpace(string(address)), nil
}

// requestOf names nothing: the token says whom it is for.
func requestOf(key *ecdsa.PrivateKey) ([]byte, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(request{APIVersion: "cpiab.dev/v1", Kind: "SvidRequest", CSR: csr})
}

func post(ctx context.Context, client *http.Client, url, token string, body []byte) (answer, error) {
	var given answer
	asked, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return given, err
	}
	asked.Header.Set("authorization", "Bearer "+token)
	asked.Header.Set("content-type", "application/json")
	got, err := client.Do(asked)
	if err != nil {
		return given, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, largestAnswer))
	if err != nil {
		return given, err
	}
	// What is no document is told by its status alone.
	_ = json.Unmarshal(text, &given)
	if got.StatusCode != http.StatusOK {
		return given, fmt.Errorf("the box answers %d: %s", got.StatusCode, given.Message)
	}
	return given, nil
}
