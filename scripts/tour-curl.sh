#!/usr/bin/env bash
# Everything that a person with nothing but curl can do, against a running server. Prints each answer shortened and ends
# with 1 at the first that is not as expected. Needs bash and curl.
#
#   scripts/tour-curl.sh [ADDRESS OF THE MAIN APPLICATION]      by default http://localhost:8000
#
# It makes two accounts with random names and deletes them at the end.
set -euo pipefail

main=${1:-${QSM_URL:-http://localhost:8000}}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
status='' body=''

heading() { printf '\n%s\n' "$1"; }

surprise() {
  printf '\nA surprise: %s\nThe answer was %s %s\n' "$1" "$status" "$body" >&2
  exit 1
}

# call STATUS WHO METHOD ADDRESS [BODY [CONTENT-TYPE]]: asks, prints the answer, and wants this status. WHO is "-" for
# nobody. Token and body reach curl by files, since others on this machine can read command lines.
call() {
  local wanted=$1 who=$2 method=$3 address=$4 data=${5-} type=${6-application/json}
  local options=(--silent --show-error --max-time 20 --request "$method" --output "$folder/answer" --write-out '%{http_code}')
  if [[ $who != - ]]; then options+=(--header "@$folder/$who"); fi
  if [[ -n $data ]]; then
    printf '%s' "$data" > "$folder/body"
    options+=(--header "Content-Type: $type" --data-binary "@$folder/body")
  fi
  : > "$folder/answer"
  status=$(curl "${options[@]}" "$address") || surprise "$method $address did not answer"
  body=$(< "$folder/answer")
  printf '%-7s%-32s %s %s\n' "$method" "/${address#*://*/}" "$status" "$(shorten)"
  [[ $status == "$wanted" ]] || surprise "$method $address should have answered $wanted"
}

# Keys, tokens and ciphertexts to their first characters; a long answer to its begin.
shorten() {
  local text
  text=$(sed -E 's/"([^" ]{8})[^" ]{32,}"/"\1…"/g' <<< "$body")
  if (( ${#text} > 300 )); then text="${text:0:300}…"; fi
  printf '%s' "$text"
}

# has TEXT...: the answer holds each of these texts.
has() {
  local text
  for text in "$@"; do [[ $body == *"$text"* ]] || surprise "it should hold $text"; done
}

lacks() { [[ $body != *"$1"* ]] || surprise "it should not hold $1"; }

# field NAME: the first value of this name, texts without their quotes.
field() {
  if [[ $body =~ \"$1\":\"([^\"]*)\" || $body =~ \"$1\":([^],}]+) ]]; then printf '%s' "${BASH_REMATCH[1]}"
  else surprise "it should have $1"; fi
}

# message TEXT PART...: the message with this content has each of these parts.
message() {
  local object part
  object=$(tr '{' '\n' <<< "$body" | grep -F "\"content\":\"$1\"") || surprise "it should list \"$1\""
  shift
  for part in "$@"; do [[ $object == *"$part"* ]] || surprise "of that message it should say $part"; done
}

# A number that nobody has had yet, in the form of a UUID.
new_id() { printf '%08x-%04x-4%03x-8%03x-%012x' $((RANDOM * 65536 + RANDOM)) $RANDOM $((RANDOM % 4096)) $((RANDOM % 4096)) $((RANDOM * 65536 + RANDOM)); }

number=$RANDOM$RANDOM
alice=alice-$number bob=bob-$number password="a password of $number"

login_as() { printf 'Authorization: Bearer %s\n' "$(field access_token)" > "$folder/$1"; }

heading 'The server'
call 200 - GET "$main/api/health"
has '"status":"healthy"' '"quantum_service":"ok"'
call 200 - GET "$main/api/config"
quantum=$(field quantum_api)

heading 'Two people register, and log in by JSON and by a form'
for name in "$alice" "$bob"; do
  call 201 - POST "$main/api/register" "{\"username\":\"$name\",\"email\":\"$name@example.org\",\"password\":\"$password\"}"
  has '"quantum_ready":true'
done
call 200 - POST "$main/api/login" "{\"username\":\"$alice\",\"password\":\"$password\"}"
has '"token_type":"bearer"' '"quantum_ready":true'
login_as alice
alice_id=$(field user_id)
call 200 - POST "$main/api/login" "username=$bob&password=${password// /+}" application/x-www-form-urlencoded
login_as bob

heading 'Alice asks Bob for a connection, and Bob accepts'
call 200 alice GET "$main/api/users/available?query=$bob"
has "\"username\":\"$bob\""
call 201 alice POST "$main/api/connection/request" "{\"receiver_username\":\"$bob\"}"
has '"status":"sent"'
request=$(field request_id)
call 200 bob GET "$main/api/connection/pending"
has "\"request_id\":\"$request\"" "\"sender_username\":\"$alice\""
call 200 bob POST "$main/api/connection/respond" "{\"request_id\":\"$request\",\"accept\":true}"
has '"status":"accepted"' "\"peer_username\":\"$alice\"" '"session_id":' '"ciphertext":' '"quantum_algorithm":'
call 409 bob POST "$main/api/connection/respond" "{\"request_id\":\"$request\",\"accept\":false}"
call 200 alice GET "$main/api/connections"
has '"state":"open"'
call 200 alice GET "$main/api/session/status?peer=$bob"
has '"active":true'

heading 'A secured message, and the same once more: one id is one message'
first="{\"content\":\"hello bob\",\"message_type\":\"secured\",\"recipient\":\"$bob\",\"client_message_id\":\"$(new_id)\"}"
call 201 alice POST "$main/api/message/send" "$first"
has '"status":"sent"' '"encrypted":true' '"signed":true' '"message_type":"secured"'
sent=$(field message_id)
call 201 alice POST "$main/api/message/send" "$first"
has "\"message_id\":\"$sent\""
call 409 alice POST "$main/api/message/send" "${first/hello bob/hello again}"
call 200 bob GET "$main/api/messages"
message 'hello bob' "\"sender_username\":\"$alice\"" '"verified":true' '"is_mine":false' '"is_read":false'
next=$(field next)
call 204 bob POST "$main/api/messages/ack" "{\"up_to\":$next}"
call 200 bob GET "$main/api/messages"
lacks 'hello bob'

heading 'A critical message to the only open session: listed until it is read, and receipted'
call 201 bob POST "$main/api/message/send" '{"content":"the house is on fire","message_type":"critical"}'
has '"message_type":"critical"'
call 200 alice GET "$main/api/messages"
message 'hello bob' '"is_mine":true' '"verified":true'
message 'the house is on fire' '"message_type":"critical"' '"is_mine":false' '"is_read":false' '"verified":true'
next=$(field next)
call 200 alice GET "$main/api/messages?after=$next"
message 'the house is on fire' '"is_read":false'
call 204 alice POST "$main/api/messages/ack" "{\"up_to\":$next}"
call 200 alice GET "$main/api/messages"
lacks 'the house is on fire'
call 200 bob GET "$main/api/messages?after=0"
for _ in 1 2 3 4 5 6 7 8 9; do
  if [[ $(tr '{' '\n' <<< "$body" | grep -F 'on fire') == *'"is_read":true'* ]]; then break; fi
  sleep 1 # The receipt is on its way.
  call 200 bob GET "$main/api/messages?after=0"
done
message 'the house is on fire' '"is_mine":true' '"is_read":true'

heading 'Counts, and a ticket for a socket'
call 200 alice GET "$main/api/stats"
has '"messages_sent":'
call 201 alice POST "$main/api/ws/ticket"
has '"ticket":'

heading 'The session ends: keys are destroyed on both sides, and Alice has to ask again'
call 200 alice POST "$main/api/session/terminate" "{\"peer\":\"$bob\"}"
has '"status":"terminated"'
for who in alice bob; do
  peer=$bob
  if [[ $who == bob ]]; then peer=$alice; fi
  call 200 "$who" GET "$main/api/session/status?peer=$peer"
  has '"active":false'
done
call 403 alice POST "$main/api/message/send" "{\"content\":\"are you there?\",\"recipient\":\"$bob\"}"

heading "The quantum service: keys that stay there ($quantum)"
call 200 - GET "$quantum/api/health"
call 200 - GET "$quantum/api/quantum/info"
has '"ML-KEM-768"' '"passed":true'
call 401 - POST "$quantum/api/quantum/keygen" "{\"user_id\":\"$alice\"}"
call 403 alice POST "$quantum/api/quantum/keygen" "{\"user_id\":\"$bob\"}"
call 201 alice POST "$quantum/api/quantum/keygen" "{\"user_id\":\"$alice\",\"key_type\":\"all\"}"
has "\"user_id\":\"$alice_id\""
lacks 'private'
kem_public=$(field ml_kem_768) falcon_public=$(field falcon_512) ecdsa_public=$(field ecdsa_p256)
call 200 alice GET "$quantum/api/quantum/session/$alice"
has "\"user_id\":\"$alice_id\"" '"ml_kem_768"' '"falcon_512"' '"ecdsa_p256"'

heading 'A shared secret by ML-KEM-768, and AES-256-GCM under it'
call 200 bob POST "$quantum/api/quantum/encapsulate" "{\"receiver_public_key\":\"$kem_public\",\"session_id\":\"tour\"}"
ciphertext=$(field ciphertext) secret=$(field shared_secret)
call 200 alice POST "$quantum/api/quantum/decapsulate" "{\"ciphertext\":\"$ciphertext\",\"user_id\":\"$alice\",\"session_id\":\"tour\"}"
[[ $(field shared_secret) == "$secret" ]] || surprise 'both sides should have one secret'
call 200 bob POST "$quantum/api/quantum/encrypt" "{\"plaintext\":\"for alice alone\",\"shared_secret\":\"$secret\",\"aad\":\"tour\"}"
sealed="\"ciphertext\":\"$(field ciphertext)\",\"nonce\":\"$(field nonce)\",\"tag\":\"$(field tag)\",\"shared_secret\":\"$secret\""
call 200 alice POST "$quantum/api/quantum/decrypt" "{$sealed,\"aad\":\"tour\"}"
has '"plaintext":"for alice alone"'
call 422 alice POST "$quantum/api/quantum/decrypt" "{$sealed,\"aad\":\"another\"}"

heading 'A signature by Falcon-512 inside ECDSA-P256'
call 200 alice POST "$quantum/api/quantum/wrap_sign" "{\"message\":\"signed by alice\",\"user_id\":\"$alice\",\"signature_type\":\"wrap_sign\"}"
signature="\"falcon_signature\":\"$(field falcon_signature)\",\"ecdsa_signature\":\"$(field ecdsa_signature)\",\"falcon_public\":\"$falcon_public\",\"ecdsa_public\":\"$ecdsa_public\""
right="{\"message\":\"signed by alice\",$signature}" wrong="{\"message\":\"signed by mallory\",$signature}"
call 200 bob POST "$quantum/api/quantum/wrap_verify" "$right"
has '"valid":true' '"falcon_valid":true' '"ecdsa_valid":true'
call 200 bob POST "$quantum/api/quantum/wrap_verify" "{\"batch\":[$right,$wrong]}"
has '"results":' '"valid":true' '"valid":false'

heading 'Away with all of it'
call 204 alice DELETE "$quantum/api/quantum/session/$alice"
call 404 alice POST "$quantum/api/quantum/wrap_sign" "{\"message\":\"too late\",\"user_id\":\"$alice\"}"
for who in alice bob; do call 204 "$who" DELETE "$main/api/account"; done
call 401 alice GET "$main/api/me"

printf '\nEverything was as expected.\n'
