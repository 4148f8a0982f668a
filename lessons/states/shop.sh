# A shop: a web server in a container that somebody made by hand, and not well.
mkdir -p /srv/image/bin /srv/image/www /srv/image/proc
cp /bin/busybox /srv/image/bin/
for name in sh httpd ls cat ps hostname; do ln -s busybox /srv/image/bin/$name; done
echo "Welcome." > /srv/image/www/index.html
echo "Apples 2, pears 3." > /srv/image/www/prices.html

# open NAME NUMBER: a container of that name, at 10.NUMBER.0.2, with all the faults.
cat > /srv/open <<'OPEN'
set -e
home=/srv/$1 cgroup=/sys/fs/cgroup/$1
mkdir -p $home/upper $home/work $home/root $cgroup
mount -t overlay -o lowerdir=/srv/image,upperdir=$home/upper,workdir=$home/work $1 $home/root
rm $home/root/www/prices.html
setsid sh -c "echo 0 > $cgroup/cgroup.procs
  exec unshare --mount --pid --uts --ipc --net --fork sh -c 'hostname draft-$1
    mount --rbind /proc $home/root/proc
    exec chroot $home/root httpd -f -p 80 -h /www'" < /dev/null > /dev/null 2>&1 &
for try in 1 2 3 4 5 6 7 8 9; do
  usleep 50000
  for pid in $(pidof httpd); do
    grep -qx "0::/$1" /proc/$pid/cgroup && break 2
  done
done
ip link add $1 type veth peer name eth0 netns $pid
ip address add 10.$2.0.1/24 dev $1
ip link set $1 up
nsenter --target $pid --net ip address add 10.$2.0.2/24 dev eth0
echo 2 > $cgroup/pids.max
echo 1 > $cgroup/cgroup.freeze
OPEN
sh /srv/open shop 7
