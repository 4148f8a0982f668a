# The entry for a machine without firmware: v86 loads the image by its Multiboot header and starts here, in 32-bit protected mode with
# flat segments, %ebx = Multiboot information. This does what is left of a BIOS's work (PCI interrupt lines) and of the setup code's
# (boot_params), then enters the kernel. A boot loader that knows Linux never comes here.
#
# Multiboot 0.6.96, sections 3.2 and 3.3; Documentation/arch/x86/boot.rst and zero-page.rst; Intel 82371SB (PIIX3), section 2.3.
# No stack is used: there is none.

	.set	BOOT_PARAMS, 0x10000		# free low memory; startup_32 copies it away at once
	.set	BOOT_PARAMS_SIZE, 4096
	.set	E820_ENTRIES, 0x1e8
	.set	BOOT_FLAG, 0x1fe
	.set	HEADER_MAGIC, 0x202
	.set	PROTOCOL, 0x206
	.set	TYPE_OF_LOADER, 0x210
	.set	LOADFLAGS, 0x211
	.set	RAMDISK_IMAGE, 0x218
	.set	RAMDISK_SIZE, 0x21c
	.set	CMD_LINE_PTR, 0x228
	.set	E820_TABLE, 0x2d0

	.set	MBI_FLAGS, 0
	.set	MBI_CMDLINE, 16
	.set	MBI_MODS_COUNT, 20
	.set	MBI_MODS_ADDR, 24
	.set	MBI_MMAP_LENGTH, 44
	.set	MBI_MMAP_ADDR, 48

	.set	PCI_ADDRESS, 0xcf8
	.set	PCI_DATA, 0xcfc
	.set	PCI_ENABLE, 0x80000000
	.set	PCI_SLOT, 1 << 11
	.set	PCI_INTERRUPT, 0x3c
	.set	PIIX3_ROUTES, PCI_ENABLE + PCI_SLOT + 0x60
	.set	EDGE_LEVEL_CONTROL, 0x4d0

	.code32
	.globl	_start
_start:
	cli
	cld

	# boot_params: all zero but for what is known.
	mov	$BOOT_PARAMS, %edi
	mov	$BOOT_PARAMS_SIZE / 4, %ecx
	xor	%eax, %eax
	rep stosl
	mov	$BOOT_PARAMS, %ebp
	movw	$0xaa55, BOOT_FLAG(%ebp)
	movl	$0x53726448, HEADER_MAGIC(%ebp)	# "HdrS"
	movw	$0x020f, PROTOCOL(%ebp)
	movb	$0xff, TYPE_OF_LOADER(%ebp)	# unregistered
	movb	$1, LOADFLAGS(%ebp)		# LOADED_HIGH
	mov	MBI_CMDLINE(%ebx), %eax
	mov	%eax, CMD_LINE_PTR(%ebp)

	# The first module is the initramfs.
	cmpl	$0, MBI_MODS_COUNT(%ebx)
	je	1f
	mov	MBI_MODS_ADDR(%ebx), %esi
	mov	(%esi), %eax
	mov	%eax, RAMDISK_IMAGE(%ebp)
	mov	4(%esi), %ecx
	sub	%eax, %ecx
	mov	%ecx, RAMDISK_SIZE(%ebp)
1:
	# Memory map: the same records, without the size that Multiboot puts before each.
	mov	MBI_MMAP_ADDR(%ebx), %esi
	mov	MBI_MMAP_LENGTH(%ebx), %edx
	add	%esi, %edx
	lea	E820_TABLE(%ebp), %edi
2:	cmp	%edx, %esi
	jae	3f
	mov	(%esi), %eax
	lea	4(%esi, %eax), %ebx		# the next record
	add	$4, %esi
	mov	$20 / 4, %ecx
	rep movsl
	mov	%ebx, %esi
	incb	E820_ENTRIES(%ebp)
	jmp	2b
3:
	# PIRQ A to D of the PIIX3 go to these lines, level-triggered.
	mov	$PIIX3_ROUTES, %eax
	mov	$PCI_ADDRESS, %dx
	out	%eax, %dx
	mov	lines, %eax
	mov	$PCI_DATA, %dx
	out	%eax, %dx
	mov	$EDGE_LEVEL_CONTROL, %dx
	mov	$1 << 5, %al
	out	%al, %dx
	inc	%dx
	mov	$(1 << 9 | 1 << 10 | 1 << 11) >> 8, %al
	out	%al, %dx

	# Each device is told its line, which Linux reads: PIRQ = (pin + slot - 2) mod 4.
	xor	%ecx, %ecx
4:	mov	%ecx, %eax
	shl	$11, %eax
	or	$PCI_ENABLE + PCI_INTERRUPT, %eax
	mov	$PCI_ADDRESS, %dx
	out	%eax, %dx
	mov	$PCI_DATA, %dx
	in	%dx, %eax
	movzbl	%ah, %eax			# interrupt pin; 0xff without a device
	cmp	$4, %eax
	ja	5f
	test	%eax, %eax
	jz	5f
	lea	-2(%eax, %ecx), %eax
	and	$3, %eax
	movb	lines(%eax), %al
	out	%al, %dx
5:	inc	%ecx
	cmp	$32, %ecx
	jb	4b

	mov	$BOOT_PARAMS, %esi
	mov	$LOAD_ADDRESS, %eax
	jmp	*%eax

lines:	.byte	10, 11, 9, 5
