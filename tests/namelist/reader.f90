! reader.f90: reads each namelist named on standard input as gfortran does, and prints what it holds: one line a file,
! `NAME error` or `NAME ok` and the values; numbers as the bits they have.
program reader
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  implicit none
  integer, parameter :: length = 16
  integer(int32) :: i, k(4)
  real(real64) :: x, y(5)
  logical :: l, m(3)
  character(length) :: s, w(3)
  namelist /a/ i, k, x, y, l, m, s, w
  character(1024) :: path
  integer :: n, status

  do
    read (*, '(a)', iostat=status) path
    if (status /= 0) exit
    i = -1
    k = [-1, -2, -3, -4]
    x = -1.5_real64
    y = [-1.0_real64, -2.0_real64, -3.0_real64, -4.0_real64, -5.0_real64]
    l = .false.
    m = .false.
    s = 'before'
    w = 'before'
    open (unit=10, file=trim(path), status='old', action='read')
    read (10, nml=a, iostat=status)
    close (10)
    if (status /= 0) then
      write (*, '(2a)') trim(path), ' error'
      cycle
    end if
    write (*, '(2a,i0)', advance='no') trim(path), ' ok i=', i
    write (*, '(a,i0,3(",",i0))', advance='no') ' k=', k
    write (*, '(a,z16.16)', advance='no') ' x=', transfer(x, 0_int64)
    write (*, '(a,z16.16,4(",",z16.16))', advance='no') ' y=', (transfer(y(n), 0_int64), n=1, 5)
    write (*, '(a,l1,a,l1,2(",",l1))', advance='no') ' l=', l, ' m=', m
    write (*, '(9a)') ' s=[', trim(s), '] w=[', trim(w(1)), '],[', trim(w(2)), '],[', trim(w(3)), ']'
  end do
end program reader
