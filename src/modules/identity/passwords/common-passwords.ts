/**
 * Passwords of ten characters and more that head every published list of leaked ones (shorter ones are refused anyway),
 * in lower case, with those that Spanish and French speakers use.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `1234567890 0123456789 12345678910 123456789a 1234567891 123456789q 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc qwertyuiop
  qwertyuiop123 qwerty1234 qwerty12345 qwerty123456 asdfghjkl1 asdfghjklñ qazwsxedcrfv zaq12wsxcde3 password12 password123
  password1234 password12345 passw0rd123 password01 password!1 passwordpassword p@ssw0rd123 p@ssword123 iloveyou12
  iloveyou123 iloveyou1234 ilovemyself iloveyouso sunshine123 princess123 football123 baseball123 basketball superman123
  batman12345 welcome123 welcome1234 welcome2024 welcome2025 welcome2026 letmein123 letmein1234 administrator admin12345
  admin123456 adminadmin admin@123456 rootroot123 changeme123 changemenow default123 master12345 monkey12345 dragon12345
  shadow12345 michael123 jennifer123 abcdefghij abcdefghijk abcd123456 abc1234567 abcde12345 a123456789 aa12345678
  q1w2e3r4t5 q1w2e3r4t5y6 zxcvbnm123 zxcvbnm1234 987654321a 9876543210 0987654321 1111111111 0000000000 2222222222
  5555555555 7777777777 8888888888 9999999999 1212121212 1122334455 1231231231 123123123a 123321123a 147258369a 741852963a
  contraseña contraseña1 contraseña123 contrasena contrasena1 contrasena123 contrasenia miclave123 clave12345 clave123456
  teamo12345 teamomucho tequiero123 estrella123 mariposa123 bienvenido bienvenido1 bienvenido123 bienvenidos
  administrador administrador1 colocolo1925 colocolo123 universidad santiago123 chile12345 chilechile argentina1 mexico1234
  motdepasse motdepasse1 motdepasse123 bienvenue1 bienvenue123 azertyuiop azertyuiop1 azerty1234 azerty12345 azerty123456
  soleil12345 doudou1234 jetaime123 jetaimemoi marseille13 administrateur angelis123 angelis1234 angelis12345 supervisor1
  supervisor123 trabajador1 trabajador123 mineria123 minera1234 seguridad1 seguridad123 primavera1 primavera2026
  verano2026! invierno2026 temporal123 temporal1234 prueba1234 pruebaprueba test123456 testtest123 test1234567 testing123
  computadora computer123 internet123 samsung1234 pokemon123 liverpool1 chelsea1234 barcelona1 barcelona10 realmadrid
  realmadrid1 cristiano7 cristianor7 ronaldo123 messi12345`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
