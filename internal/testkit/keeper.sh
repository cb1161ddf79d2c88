# keeper USERS LINGER FOLDER POSTGRES ARGUMENTS…: runs PostgreSQL until nobody has used it for LINGER seconds.
# Every test process holds a shared lock on USERS for as long as it lives, so the kernel knows who is left even after
# a kill -9. Should this shell itself be killed, PostgreSQL goes down with it (pdeathsig).
users=$1 linger=$2 folder=$3
shift 3
setpriv --pdeathsig INT "$@" >log 2>&1 </dev/null &
postgres=$!
trap 'kill -INT $postgres' INT TERM
exec 9<"$users"
while kill -0 $postgres 2>/dev/null; do
	flock -x 9 # comes back when the last user is gone
	flock -u 9
	sleep "$linger" 9<&-
	if flock -n -x 9; then # still nobody; a newcomer now waits until the cluster is gone, and starts its own
		kill -INT $postgres
		wait $postgres
		rm -rf "$folder"/*
		exit
	fi
done
